# A PostgreSQL that speaks TLS, for the tests of the images alone: Debian's, in front of nothing.
FROM debian:trixie-slim
RUN mkdir -p /etc/postgresql-common \
    && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf \
    && apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-17
ENV PATH=/usr/lib/postgresql/17/bin:/usr/sbin:/usr/bin:/sbin:/bin
USER postgres:postgres
STOPSIGNAL SIGINT
