# SPDX-License-Identifier: MIT
# Docker blocks io_uring unless told otherwise: see docs/containers.md for the `docker run` line.
# `--build-arg COMMIT=$(git rev-parse HEAD)` names what it is built from.
FROM debian:bookworm-slim AS build
WORKDIR /src
COPY tools/packages tools/packages
RUN tools/packages install build && rm -rf /var/lib/apt/lists/*
COPY . .
ARG COMMIT=unknown
RUN meson setup --buildtype=release --strip --prefix=/usr -Dtests=false -Dcommit="$COMMIT" /build \
 && meson compile -C /build \
 && DESTDIR=/out meson install -C /build --no-rebuild --tags runtime,doc

FROM debian:bookworm-slim
COPY tools/packages /tmp/packages
RUN /tmp/packages install runtime \
 && rm -rf /tmp/packages /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/apt /var/log/dpkg.log
COPY --from=build /out/usr/bin/tcpgoon /usr/bin/tcpgoon
COPY --from=build /out/usr/share/doc/tcpgoon/LICENSE /usr/share/doc/tcpgoon/copyright
COPY --from=build /out/usr/share/tcpgoon /usr/share/tcpgoon
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="tcpgoon" \
      org.opencontainers.image.description="Opens and holds very large numbers of TCP connections" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="$COMMIT"
# By number, as Kubernetes' runAsNonRoot cannot tell what a name is.
USER 65532:65532
ENTRYPOINT ["/usr/bin/tcpgoon"]
CMD ["help"]
