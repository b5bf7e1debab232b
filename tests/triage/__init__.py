"""The clinical record: catalogues, safety findings, charts, side effects, photographs."""
