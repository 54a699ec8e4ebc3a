# One image for all of Tutti: the command line, which is what it runs unless told otherwise, and every service as
# /tutti/apps/SERVICE/dist/main.js; docker-compose.yml runs each in a container of its own. No BuildKit is needed.
ARG NODE_IMAGE=node:20-bookworm-slim

FROM ${NODE_IMAGE} AS build
LABEL dev.tutti.stage=build
WORKDIR /tutti
COPY . .
# A context that brings along what is built (`scripts/image`) is taken as it is; any other is built here, from npm's registry.
RUN if [ ! -d node_modules ]; then \
      npm ci --no-progress && node_modules/.bin/tsc -b && npm prune --omit=dev --no-progress && \
      rm -rf libs/*/src apps/*/src examples libs/*/*.tsbuildinfo apps/*/*.tsbuildinfo; \
    fi

FROM ${NODE_IMAGE}
# What the data plane works with. A base that has it already is taken as it is.
RUN if ! command -v haproxy || ! command -v ip || ! command -v iptables; then \
      apt-get -qq update && \
      DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends \
        haproxy iproute2 iptables wireguard-tools && \
      rm -rf /var/lib/apt/lists/*; \
    fi
# Volumes take over their owner from these folders: what they hold is for the user below, and nobody else.
RUN mkdir -p /data /run/tutti /secrets/bus && cd /secrets && \
    mkdir nats gateway policy scheduler provisioner monitor service-discovery metering operator && \
    chown -R 10001:10001 /data /run/tutti /secrets && chmod 750 /data /run/tutti /secrets /secrets/*
COPY --from=build /tutti /tutti
RUN chmod 755 /tutti/apps/cli/dist/main.js && ln -s /tutti/apps/cli/dist/main.js /usr/local/bin/tutti
# The young generation as `tutti up` has it: these programs wait most of their lives.
ENV NODE_ENV=production NODE_OPTIONS=--max-semi-space-size=4 HOME=/data
WORKDIR /tutti
USER 10001:10001
ENTRYPOINT ["tutti"]
CMD ["--help"]
