"""what advisors say of the robot's answers"""

import sqlalchemy as sa
from alembic import op

from bot.store import schema

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('verdict',
    sa.Column('message_id', schema.Big, autoincrement=False, nullable=False),
    sa.Column('question', sa.Text(), nullable=False),
    sa.Column('entry_id', sa.String(length=96), nullable=False),
    sa.Column('matter', sa.String(length=64), nullable=False),
    sa.Column('right', sa.Boolean(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('person_id', sa.String(length=64), nullable=False),
    sa.Column('at', schema.Moment(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_verdict_person_id_person')),
    sa.PrimaryKeyConstraint('message_id', name=op.f('pk_verdict'))
    )
    op.create_index(op.f('ix_verdict_at'), 'verdict', ['at'], unique=False)


def downgrade() -> None:
    op.drop_table('verdict')
