# The program with TLS for PostgreSQL, on a small Debian, as a user who may write nowhere but in /data.
FROM rust:1.95-bookworm AS build
WORKDIR /build
# The system's OpenSSL, so that its updates come with those of the image below.
ENV OPENSSL_NO_VENDOR=1
COPY . .
RUN cargo build --locked --profile dist --features postgres-tls \
    && strip --strip-debug target/dist/customer-access

FROM debian:bookworm-slim
# The certificate authorities that an issuer's key set, and a PostgreSQL with sslrootcert=system, are verified with.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libssl3 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /build/target/dist/customer-access /usr/local/bin/customer-access
# For SQLite; on PostgreSQL nothing is written.
RUN install --directory --owner=65532 --group=65532 --mode=700 /data
ENV DATA_DIR=/data LISTEN=0.0.0.0:8080
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["customer-access", "health"]
ENTRYPOINT ["customer-access"]
