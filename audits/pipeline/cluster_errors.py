"""The errors of scans that audit on a cluster."""

from __future__ import annotations

from typing import Self

from audits.model.errors import AuditError

_RESUME = "what was recorded is kept; go on with --resume"


class ClusterError(AuditError):
    """The cluster cannot be used, or stopped answering."""


class WrongAddressError(ClusterError):
    """What was given cannot be a scheduler, or nothing here could speak to it; exit code 2."""

    wrong_use = True


class OtherVersionError(ClusterError):
    """A scheduler or worker has another release-audit, or none, and would judge otherwise."""

    @classmethod
    def of(cls, wanted: str, found: str, where: str = "A worker of the cluster") -> Self:
        """The error for a scheduler or worker with the version ``found``, "" for none."""
        has = f"release-audit {found}" if found else "no release-audit"
        return cls(
            f"{where} has {has}, not {wanted}.",
            f"Install release-audit {wanted} there; {_RESUME}.",
        )

    @classmethod
    def of_rules(cls, version: str) -> Self:
        """The error for a worker with the same version and other rules."""
        return cls(
            f"A worker of the cluster has release-audit {version} with other rules, or another "
            "zizmor.",
            f"Install the same packages there as here; {_RESUME}.",
        )
