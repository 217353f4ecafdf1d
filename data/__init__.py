"""The only place that knows tables: schema, settings, import, store, snapshots."""
