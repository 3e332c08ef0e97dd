# The interpreter is pinned by version; the operator's packages by hash (requirements/runtime.txt).
FROM python:3.11.14-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY requirements/runtime.txt requirements/build.txt ./
RUN python -m venv /opt/failback \
 && /opt/failback/bin/pip install --require-hashes --requirement runtime.txt \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --require-hashes --requirement build.txt
COPY pyproject.toml README.md ./
COPY operator operator
RUN /opt/build/bin/python -m hatchling build --target wheel \
 && /opt/failback/bin/pip install --no-deps --no-index dist/*.whl

FROM python:3.11.14-slim-bookworm
COPY --from=build /opt/failback /opt/failback
ENV PATH=/opt/failback/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
EXPOSE 8080 9090
ENTRYPOINT ["failback-operator"]
CMD ["run"]
