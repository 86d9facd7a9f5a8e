# The server in one image: `serve` (the default), `serve --no-worker`, `worker`, any manage.py verb.

FROM python:3.11-slim AS packages
COPY requirements.lock .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir -r requirements.lock

FROM node:22-slim AS browser-sdk
WORKDIR /app
COPY scripts/browser-sdk scripts/browser-sdk
COPY tests/node/package.json tests/node/package.json
RUN scripts/browser-sdk /browser-sdk

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 server && install -d -o server -g server /data
COPY --from=packages /venv /venv
COPY --from=browser-sdk /browser-sdk /browser-sdk
WORKDIR /app
COPY . .
USER server
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    BROWSER_SDK_DIR=/browser-sdk
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/_livez', timeout=4)"]
ENTRYPOINT ["python", "manage.py"]
CMD ["serve"]
