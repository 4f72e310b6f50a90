"""what is edited without Git: revisions, releases, proposals; from which release a message was answered"""

import sqlalchemy as sa
from alembic import op

from bot.store import schema

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('revision',
    sa.Column('id', schema.Big, nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('key', sa.String(length=96), nullable=False),
    sa.Column('body', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('author', sa.String(length=64), nullable=False),
    sa.Column('made_at', schema.Moment(timezone=True), nullable=False),
    sa.Column('reviewer', sa.String(length=64), nullable=True),
    sa.Column('reviewed_at', schema.Moment(timezone=True), nullable=True),
    sa.Column('note', sa.Text(), server_default='', nullable=False),
    sa.Column('tickets', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_revision'))
    )
    op.create_index(op.f('ix_revision_key'), 'revision', ['key'], unique=False)
    op.create_index(op.f('ix_revision_status'), 'revision', ['status'], unique=False)
    op.create_table('release',
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('made_at', schema.Moment(timezone=True), nullable=False),
    sa.Column('made_by', sa.String(length=64), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('revisions', sa.JSON(), nullable=False),
    sa.Column('scores', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_release'))
    )
    op.create_table('proposal',
    sa.Column('id', schema.Big, nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('entry_id', sa.String(length=96), nullable=True),
    sa.Column('matter', sa.String(length=64), nullable=True),
    sa.Column('questions', sa.JSON(), nullable=False),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.Column('messages', sa.JSON(), nullable=False),
    sa.Column('tickets', sa.JSON(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('made_at', schema.Moment(timezone=True), nullable=False),
    sa.Column('decided_at', schema.Moment(timezone=True), nullable=True),
    sa.Column('decided_by', sa.String(length=64), nullable=True),
    sa.Column('revision_id', schema.Big, nullable=True),
    sa.ForeignKeyConstraint(['revision_id'], ['revision.id'], name=op.f('fk_proposal_revision_id_revision')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_proposal'))
    )
    op.create_index(op.f('ix_proposal_status'), 'proposal', ['status'], unique=False)
    op.create_table('accuracy',
    sa.Column('matter', sa.String(length=64), nullable=False),
    sa.Column('measured_at', schema.Moment(timezone=True), nullable=False),
    sa.Column('asked', sa.Integer(), nullable=False),
    sa.Column('answered', sa.Integer(), nullable=False),
    sa.Column('right', sa.Integer(), nullable=False),
    sa.Column('lower', sa.Float(), nullable=False),
    sa.Column('promise', sa.Float(), nullable=False),
    sa.PrimaryKeyConstraint('matter', name=op.f('pk_accuracy'))
    )
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.add_column(sa.Column('release', sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_column('release')
    op.drop_table('accuracy')
    op.drop_table('proposal')
    op.drop_table('release')
    op.drop_table('revision')
