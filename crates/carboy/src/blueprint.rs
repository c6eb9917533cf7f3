//! Blueprints: registrations that are replayed under a name and a prefix.
