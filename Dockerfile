# docker build -t sre-agent:0.1.0 .
# With mirrors:  docker build --build-arg PYTHON_IMAGE=<mirror>/python:3.12-slim-bookworm \
#                             --build-arg PIP_INDEX_URL=https://<mirror>/simple -t sre-agent:0.1.0 .
# A mirror that asks for a password: --secret id=pip,src=$HOME/.config/pip/pip.conf instead of PIP_INDEX_URL.

ARG PYTHON_IMAGE=python:3.12-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ARG PIP_INDEX_URL=
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements.lock ./
COPY docker ./docker
RUN python -m venv /opt/sre-agent \
 && python docker/locked.py runtime > runtime.lock \
 && python docker/locked.py build > build.lock
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/sre-agent/bin/pip install --only-binary :all: --require-hashes -r runtime.lock \
 && pip install --only-binary :all: --require-hashes -r build.lock
COPY pyproject.toml README.md LICENSE ./
COPY graph ./graph
COPY prompts ./prompts
COPY server ./server
COPY tools ./tools
RUN pip wheel --no-deps --no-build-isolation --no-index --wheel-dir dist . \
 && /opt/sre-agent/bin/pip install --no-deps --no-index dist/*.whl \
 && mkdir data

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="sre-agent" org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/sre-agent/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    DATA_DIR=/data
COPY --from=build /opt/sre-agent /opt/sre-agent
COPY --from=build --chown=10001:10001 /build/data /data
VOLUME /data
WORKDIR /data
EXPOSE 5000
USER 10001:10001
ENTRYPOINT ["sre-agent"]
CMD ["serve"]
