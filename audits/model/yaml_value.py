"""A YAML value with its location: a scalar, a list, or a map of keys."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from audits.model.location import Location, Scalar


class YamlValue(Struct, frozen=True, kw_only=True):
    """The value of a key for which the model has no typed field.

    ``at`` is the key's place, or the item's in a list. At most one of ``scalar``, ``items`` and
    ``keys`` is filled. ``truncated``: the value is deeper or longer than what is kept.
    """

    at: Location
    scalar: Scalar | None = None
    items: tuple[YamlValue, ...] = ()
    keys: Mapping[str, YamlValue] = field(default_factory=dict)
    truncated: bool = False

    @property
    def text(self) -> str:
        """The scalar's text; ``""`` for null, a list or a map."""
        return "" if self.scalar is None or self.scalar.is_null else self.scalar.value

    def get(self, *path: str) -> YamlValue | None:
        """The value under nested keys; None where one of them is absent."""
        found: YamlValue | None = self
        for key in path:
            found = found.keys.get(key) if found is not None else None
        return found


Keys = Mapping[str, YamlValue]
"""Values by key, as written, of the keys without a typed field."""
