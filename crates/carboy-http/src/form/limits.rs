//! How much of a request is read.

/// How much of a request is read before it is refused. `None` sets no limit.
///
/// Flask's `MAX_CONTENT_LENGTH`, `MAX_FORM_MEMORY_SIZE` and `MAX_FORM_PARTS`; the first has a limit by
/// default here, and form memory is counted over all fields of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body: 16 MiB.
    pub max_content_length: Option<u64>,
    /// Bytes of the multipart fields that are not files, one by one and together: 500 000.
    pub max_form_memory_size: Option<usize>,
    /// Parts of a multipart form, files included, or fields of an urlencoded one: 1000.
    pub max_form_parts: Option<usize>,
    /// Arguments in a query string: 1000.
    pub max_args: Option<usize>,
}

impl Limits {
    /// The default limits.
    pub const DEFAULT: Limits = Limits {
        max_content_length: Some(16 * 1024 * 1024),
        max_form_memory_size: Some(500_000),
        max_form_parts: Some(1_000),
        max_args: Some(1_000),
    };
}

impl Default for Limits {
    fn default() -> Self {
        Limits::DEFAULT
    }
}
