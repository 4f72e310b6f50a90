"""what a change of the law holds back; with which state of the library a message was answered"""

import sqlalchemy as sa
from alembic import op

from bot.store import schema

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('quarantine',
    sa.Column('key', sa.String(length=96), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('imported_at', schema.Moment(timezone=True), nullable=False),
    sa.Column('cleared_at', schema.Moment(timezone=True), nullable=True),
    sa.Column('cleared_by', sa.String(length=96), nullable=True),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_quarantine'))
    )
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.add_column(sa.Column('library', sa.String(length=16), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_column('library')
    op.drop_table('quarantine')
