# The service on Debian 12 with SoftHSM; for another HSM, put its module in SoftHSM's place.
FROM debian:12-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates nodejs npm python3 make g++ \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/keyward
COPY package.json package-lock.json .npmrc ./
COPY scripts/lib scripts/lib
# Debian's Node only fetches the locked one, which everything runs on. Its npm is too old for `npm sbom`, which takes
# a tree without its development dependencies for a broken one.
RUN bash -c 'set -euo pipefail; . scripts/lib/setup.sh; set_up; \
  npm exec --yes --package=npm@11.19.1 -- npm sbom --omit=dev --sbom-format=cyclonedx >sbom.cdx.json; \
  npm prune --omit=dev --loglevel=error; addon_loads; \
  rm -rf node_modules/node-linux-*/include node_modules/node-linux-*/share node_modules/.npm-cache'
COPY scripts scripts
COPY softhsm softhsm
COPY src src
RUN touch node_modules/.keyward-lockfile

FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends p11-kit p11-kit-modules softhsm2 \
 && rm -rf /var/lib/apt/lists/*
# The user of the secret files that are mounted: on Linux the PIN's file must be its own.
ARG UID=1000
RUN useradd --uid "$UID" --user-group --no-create-home --shell /usr/sbin/nologin keyward \
 && install -d -m 700 -o keyward -g keyward /var/lib/keyward /var/lib/keyward/tokens /run/p11
WORKDIR /opt/keyward
# npm leaves some files to the user that packed them, which may have this image's user's number.
COPY --from=build --chown=root:root /opt/keyward ./
RUN ln -s /opt/keyward/scripts/keyward /usr/local/bin/keyward
ENV KEYWARD_CONFIG=/var/lib/keyward/config.yaml
USER keyward
VOLUME /var/lib/keyward
EXPOSE 8080
# "Unhealthy" where the service does not answer or cannot verify; an absent HSM and a latched PIN are in /readyz alone.
# Scheme and port are those of the configuration. No engine restarts by it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["/opt/keyward/scripts/container-health"]
CMD ["keyward", "serve"]
