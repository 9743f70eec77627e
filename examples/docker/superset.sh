#!/bin/sh
# Prepares Superset, imports the dashboards where they are new, and serves them. It may be run
# again and again: users and what they made stay.
set -eu

superset db upgrade
superset init
if ! superset fab list-users | grep -q "username:$ADMIN_NAME "; then
    superset fab create-admin --username "$ADMIN_NAME" --password "$ADMIN_PASSWORD" \
        --email "$ADMIN_NAME@example.com" --firstname Superset --lastname Administrator
fi
python "$(dirname "$0")/import_bundle.py"
exec gunicorn --bind "$BIND" --workers 1 --threads 8 --timeout 120 "$FLASK_APP"
