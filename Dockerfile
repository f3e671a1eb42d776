# SPDX-License-Identifier: MIT
# Docker blocks io_uring unless told otherwise: see docs/containers.md for the `docker run` line.
FROM debian:bookworm-slim AS build
WORKDIR /src
COPY tools/packages tools/packages
RUN tools/packages install build && rm -rf /var/lib/apt/lists/*
COPY . .
RUN meson setup --buildtype=release --strip --prefix=/usr /build \
 && meson compile -C /build \
 && DESTDIR=/out meson install -C /build --no-rebuild --tags runtime

FROM debian:bookworm-slim
COPY tools/packages /tmp/packages
RUN /tmp/packages install runtime && rm -rf /tmp/packages /var/lib/apt/lists/* \
 && useradd --system --no-create-home --shell /usr/sbin/nologin tcpgoon
COPY --from=build /out/usr/bin/tcpgoon /usr/bin/tcpgoon
USER tcpgoon
ENTRYPOINT ["/usr/bin/tcpgoon"]
CMD ["help"]
