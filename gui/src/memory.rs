//! What the allocator does with memory that is not needed any more.

/// Lets the allocator keep what frames need again and again.
///
/// Every frame needs some megabytes and frees them. The C library gives freed memory back to the
/// system, and then the next frame waits for it to be cleared, page by page: that is most of a frame's
/// time. How much it keeps it learns from the largest block that it has seen freed.
pub fn keep_freed() {
    /// The library learns nothing from blocks of 32 MiB and more.
    const BLOCK: usize = 31 << 20;
    drop(std::hint::black_box(Vec::<u8>::with_capacity(BLOCK)));
}
