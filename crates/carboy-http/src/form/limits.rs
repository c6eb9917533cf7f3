//! How much of a request is read.

use crate::SpoolFolder;

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
    /// Bytes of a path as it was sent: 8 KiB. An application refuses a longer one with 414.
    pub max_path_length: Option<usize>,
    /// Bytes that the temporary files of all uploads of this process may have together: 1 GiB. An upload for which there is no
    /// room is refused with 507, as it is when the disk is full.
    pub max_spool_size: Option<u64>,
    /// The folder of those files; `None` is the system's.
    pub spool_folder: Option<&'static SpoolFolder>,
}

impl Limits {
    /// The default limits.
    pub const DEFAULT: Limits = Limits {
        max_content_length: Some(16 * 1024 * 1024),
        max_form_memory_size: Some(500_000),
        max_form_parts: Some(1_000),
        max_args: Some(1_000),
        max_path_length: Some(8 * 1024),
        max_spool_size: Some(1024 * 1024 * 1024),
        spool_folder: None,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Limits::DEFAULT
    }
}
