# syntax=docker/dockerfile:1
# The networks are built into the image: nothing is fetched when it runs.
ARG NODE=docker.io/library/node:24-bookworm
ARG BASE=registry.access.redhat.com/ubi9/ubi-minimal:9.6

FROM ${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json tsconfig.json ./
RUN npm ci --ignore-scripts
COPY bin bin
COPY src src
COPY web web
COPY clients clients
# The scripts of native packages, then the pages, the networks, and away with what only building takes.
RUN npm rebuild sharp \
 && npm run build:web \
 && KYC_MODELS_CACHE=/app/models DATA_DIR=/tmp/data node src/cli.ts models build \
 && npm prune --omit=dev --ignore-scripts \
 && rm -rf web/src clients
# An allocator that gives memory back: with glibc's a process keeps some 150 MB more of its 512.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libjemalloc2 \
 && mkdir lib \
 && cp /usr/lib/*/libjemalloc.so.2 lib/

FROM ${BASE}
# Node and ONNX Runtime link to it; curl, for health checks, is in the base image.
RUN microdnf install -y libstdc++ && microdnf clean all && mkdir /data && chown 1001:0 /data && chmod 770 /data
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /app /app
WORKDIR /app
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8007 \
    DATA_DIR=/data \
    KYC_MODELS_CACHE=/app/models \
    LD_PRELOAD=/app/lib/libjemalloc.so.2 \
    MALLOC_CONF=background_thread:true,narenas:1,dirty_decay_ms:10000,muzzy_decay_ms:0,oversize_threshold:0
# A number, so that Kubernetes can see that it is not root. Nothing but /data and /tmp is written.
USER 1001
VOLUME /data
EXPOSE 8007
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["curl", "-f", "http://localhost:8007/health"]
ENTRYPOINT ["/app/bin/entry.sh"]
CMD ["serve"]
