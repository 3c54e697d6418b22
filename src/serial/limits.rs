//! What the two ends of the link hold each other to.

/// The protocol's version: a change that an older `dermascope pull` cannot live with counts it up.
pub const PROTOCOL: u64 = 1;
/// The longest line that a device takes, in bytes.
pub const LONGEST_CALL: usize = 4096;
/// The most bytes of a picture or an export in one answer.
pub const LARGEST_PART: usize = 48 * 1024;
