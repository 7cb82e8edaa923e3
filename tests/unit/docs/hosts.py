"""The hosts that pages may link to: each stays, and is where the thing itself is described."""

HOSTS = (
    "docs.aws.amazon.com",
    "docs.github.com",
    "docs.sigstore.dev",
    "docs.zizmor.sh",
    "github.com",
    "keepachangelog.com",
    "semver.org",
    "www.checkov.io",
    "www.pgbouncer.org",
    "www.postgresql.org",
    "www.pulumi.com",
)
