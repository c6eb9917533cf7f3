//! What may be run: rules, views, hooks, error handlers, by scope. Data only.
