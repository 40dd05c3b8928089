# Two images: `app`, which is the web server, the worker, the scheduler and every command of manage.py; and
# `local-aws`, the AWS for trying things out. What is installed is what the locks in requirements/ pin.

FROM python:3.11-slim AS installer
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
COPY requirements/uv.lock.txt /requirements/
RUN pip install --no-cache-dir --require-hashes -r /requirements/uv.lock.txt

FROM installer AS app-packages
COPY requirements/app.lock /requirements/
RUN uv venv /opt/stackyard/venv \
    && uv pip sync --no-cache --require-hashes --python /opt/stackyard/venv/bin/python /requirements/app.lock

FROM installer AS local-aws-packages
COPY requirements/local-aws.lock /requirements/
RUN uv venv /opt/local-aws \
    && uv pip sync --no-cache --require-hashes --python /opt/local-aws/bin/python /requirements/local-aws.lock

FROM python:3.11-slim AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/stackyard stackyard

FROM base AS local-aws
COPY --from=local-aws-packages /opt/local-aws /opt/local-aws
# Listens for the other containers; compose publishes it on the loopback address only.
ENV BIND_HOST=0.0.0.0 GATEWAY_PORT=4566 PERSIST_STATE=1 STATE_DIR=/var/lib/stackyard/aws \
    IOT_MTLS_ENABLED=0 SFTP_ENABLED=0
RUN install -d -o stackyard /var/lib/stackyard/aws
USER stackyard
VOLUME /var/lib/stackyard/aws
EXPOSE 4566
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["/opt/local-aws/bin/python", "-c", \
    "import urllib.request as r; r.urlopen('http://127.0.0.1:4566/_ministack/health', timeout=4)"]
CMD ["/opt/local-aws/bin/python", "-m", "ministack"]

FROM base AS app
COPY --from=app-packages /opt/stackyard/venv /opt/stackyard/venv
ENV PATH=/opt/stackyard/venv/bin:$PATH STACKYARD_HOME=/var/lib/stackyard PORT=8000
WORKDIR /opt/stackyard
COPY manage.py ./
COPY tools/__init__.py tools/healthy.py tools/
COPY static static
COPY templates templates
COPY provisioning provisioning
COPY portal portal
# The key only lets the settings load; nothing that is collected depends on it.
RUN SECRET_KEY=only-to-collect-static-files ALLOWED_HOSTS=localhost python manage.py collectstatic --no-input
USER stackyard
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["python", "-m", "tools.healthy"]
CMD ["gunicorn", "portal.wsgi", "-k", "gthread", "--workers", "2", "--threads", "8", "--bind", "0.0.0.0:8000", \
     "--worker-tmp-dir", "/dev/shm", "--graceful-timeout", "20", "--no-control-socket", "--access-logfile", "-", \
     "--access-logformat", "%(h)s %(t)s %(m)s %(U)s %(s)s %(B)s %(D)s", \
     "--limit-request-line", "8190"]
