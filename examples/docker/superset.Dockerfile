# Shows what is published in /warehouse in Apache Superset.
FROM python:3.11-slim

RUN useradd --uid 1000 --create-home superset \
    && install --directory --owner=1000 --group=1000 /opt/superset /superset /warehouse
USER 1000
WORKDIR /opt/superset

# The versions that `make test-superset` runs.
COPY --chown=1000:1000 dev/clients/locks/superset.lock ./
RUN python -m venv venv \
    && venv/bin/pip install --no-cache-dir --require-hashes --no-deps --requirement superset.lock

COPY --chown=1000:1000 examples/docker/superset_config.py examples/docker/superset.sh \
    examples/docker/import_bundle.py ./
ENV PATH=/opt/superset/venv/bin:$PATH \
    FLASK_APP=superset.app:create_app() \
    SUPERSET_CONFIG_PATH=/opt/superset/superset_config.py \
    SUPERSET_HOME=/superset \
    BUNDLE=/warehouse/superset.zip \
    BIND=0.0.0.0:8088
EXPOSE 8088
CMD ["./superset.sh"]
