# One image for web, worker and beat. Build: docker build -t clinic .
# The demo and its servers stay outside: .dockerignore names them, requirements.txt has none of theirs.
FROM python:3.11-slim AS build
RUN python -m venv /venv
COPY requirements.txt .
RUN /venv/bin/pip install --no-cache-dir --require-hashes --requirement requirements.txt

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 STATIC_ROOT=/app/static
# What PDF pages are laid out with. Without it they are pages to print.
RUN apt-get update && apt-get install --yes --no-install-recommends libpango-1.0-0 \
    libharfbuzz-subset0 libpangoft2-1.0-0 fonts-dejavu-core && rm -rf /var/lib/apt/lists/*
# What backs up and restores: the client of PostgreSQL 18, from PostgreSQL's own archive.
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-common ca-certificates \
    && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
    && apt-get install --yes --no-install-recommends postgresql-client-18 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /app clinic
WORKDIR /app
COPY --from=build /venv /venv
COPY manage.py gunicorn.conf.py ./
COPY clinic clinic
COPY patients patients
COPY sessions sessions
COPY aftercare aftercare
# The settings insist on addresses; collecting static files contacts none of them.
RUN SECRET_KEY=build DATABASE_URL=postgres:///build REDIS_URL=redis://build \
    EMAIL_URL=smtp://build DEFAULT_FROM_EMAIL=build@clinic.example SMS_PROVIDER=http \
    python manage.py collectstatic --no-input
# A new volume takes over the owner of the folder that it is mounted on.
RUN install --directory --owner clinic --mode 700 media
USER clinic
EXPOSE 8000
CMD ["gunicorn", "clinic.wsgi:application", "--bind", "0.0.0.0:8000", "--access-logfile", "-"]
