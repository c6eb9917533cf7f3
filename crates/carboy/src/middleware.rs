//! Layers and middleware functions around the dispatch of a request.
