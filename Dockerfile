# One image for every process; which one it is, the Procfile says (docker-compose.yml).
FROM node:24-slim AS frontend
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST=0.0.0.0 PORT=8000 WEB_PROCESSES=2 WORKER_PROCESSES=2 DATA_DIR=/data
RUN useradd --system --uid 10001 --home-dir /data --create-home makegood
WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.txt
COPY --from=frontend /app/node_modules node_modules
COPY . .
# Compiles the words of other languages, names and compresses the static files; the settings want a secret, which is not kept.
RUN pybabel --quiet compile -d locale -D "django djangojs" \
    && SECRET_KEY=only-while-this-image-is-built-000000000000 SITE_URL=http://localhost python manage.py collectstatic --noinput \
    && python -m compileall -q .
USER 10001
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["python", "-m", "runner"]
CMD ["process", "web"]
