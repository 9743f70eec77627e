"""Settings of Superset in the container: what is not Superset's own default."""

import os

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
# Users, dashboards and charts. For many users, the address of a Postgres.
SQLALCHEMY_DATABASE_URI = os.environ.get(
    "SUPERSET_METADATA", f"sqlite:///{os.environ['SUPERSET_HOME']}/superset.db"
)
