use super::*;

/// Every pointer of a row, by name, with the size of the structure it lies in where that is known.
fn pointers(row: &Layout) -> Vec<(&'static str, u64)> {
    let thread = &row.thread;
    let frame = &row.frame;
    let code = &row.code;
    let asyncio = &row.asyncio;
    let mut all = vec![
        ("ob_type", row.object.ob_type),
        ("tp_name", row.type_object.tp_name),
        ("tp_base", row.type_object.tp_base),
        ("tp_dict", row.type_object.tp_dict),
        ("tp_mro", row.type_object.tp_mro),
        ("ht_qualname", row.type_object.ht_qualname),
        ("ht_cached_keys", row.type_object.ht_cached_keys),
        ("interpreters_head", row.runtime.interpreters_head),
        ("interpreter.next", row.interpreter.next),
        ("threads_head", row.interpreter.threads_head),
        ("modules", row.interpreter.modules),
        ("thread.next", thread.next),
        ("thread.interp", thread.interp),
        ("thread_id", thread.thread_id),
        ("context", thread.context),
        ("context_ver", thread.context_ver),
        ("thread.dict", thread.dict),
        ("frame.code", frame.code),
        ("previous", frame.previous),
        ("locals", frame.locals),
        ("filename", code.filename),
        ("code.name", code.name),
        ("line_table", code.line_table),
        ("event_loop", asyncio.event_loop),
        ("callback0", asyncio.callback0),
        ("callbacks", asyncio.callbacks),
        ("exception", asyncio.exception),
        ("fut_waiter", asyncio.fut_waiter),
        ("coro", asyncio.coro),
        ("task.name", asyncio.name),
        ("task.context", asyncio.context),
    ];
    let optional = [
        ("native_thread_id", thread.native_thread_id),
        ("datastack_chunk", thread.datastack_chunk),
        ("datastack_top", thread.datastack_top),
        ("asyncio_running_loop", thread.asyncio_running_loop),
        ("asyncio_running_task", thread.asyncio_running_task),
        ("asyncio_tasks_head", thread.asyncio_tasks_head),
        ("qualname", code.qualname),
        ("bytecode_object", code.bytecode_object),
        ("awaited_by", asyncio.awaited_by),
        ("node", asyncio.node),
    ];
    all.extend(optional.into_iter().filter_map(|(name, at)| Some((name, at?))));
    all
}

#[test]
fn every_minor_has_exactly_one_row_per_build() {
    for minor in 0..40 {
        for build in [Build::Gil, Build::FreeThreaded] {
            let rows = ROWS.iter().filter(|row| row.minor == minor && row.build == build).count();
            let known = match build {
                Build::Gil => MINORS.contains(&minor),
                Build::FreeThreaded => FREE_THREADED_MINORS.contains(&minor),
            };
            assert_eq!(rows, usize::from(known), "3.{minor} {build:?}");
            assert_eq!(Layout::for_version(minor, build).is_some(), known);
        }
    }
}

#[test]
fn pointers_are_aligned() {
    for row in Layout::rows() {
        for (name, offset) in pointers(row) {
            assert_eq!(offset % 8, 0, "3.{} {:?}: {name} at {offset}", row.minor, row.build);
        }
    }
}

#[test]
fn fields_lie_inside_what_is_read_for_them() {
    for row in Layout::rows() {
        let thread = &row.thread;
        let in_thread = [
            Some(thread.next),
            Some(thread.id),
            Some(thread.thread_id),
            Some(thread.context_ver),
            Some(thread.dict),
            thread.native_thread_id,
            thread.datastack_top,
            thread.asyncio_running_loop,
            thread.asyncio_running_task,
            thread.asyncio_tasks_head.map(|node| node + 8),
        ];
        for offset in in_thread.into_iter().flatten() {
            assert!(offset + 8 <= thread.size, "3.{}: {offset}", row.minor);
        }
        let frame = &row.frame;
        assert!(frame.head_size <= frame.locals);
        for offset in [frame.code, frame.previous] {
            assert!(offset + 8 <= frame.head_size);
        }
        let code = &row.code;
        assert!(code.line_table + 8 <= code.head_size);
        assert!(code.bytecode_inline.is_none_or(|bytes| code.head_size <= bytes));
        let asyncio = &row.asyncio;
        assert!(asyncio.context + 8 <= asyncio.task_size);
        assert!(asyncio.node.is_none_or(|node| node + 16 <= asyncio.task_size));
        assert!(asyncio.state + 4 <= asyncio.future_size);
        assert!(asyncio.callbacks + 8 <= asyncio.future_size);
    }
}

#[test]
fn the_anchors_around_the_context_counter_hold() {
    for row in Layout::rows() {
        let thread = &row.thread;
        assert_eq!(thread.context_ver, thread.context + 8);
        assert_eq!(thread.id, thread.context_ver + 8);
        if row.minor >= 13 {
            assert_eq!(thread.context_ver, thread.thread_id + 64);
            assert_eq!(Some(thread.context_ver + 16), thread.datastack_chunk);
        }
    }
}

#[test]
fn tasks_keep_the_neighbourhood_that_published_offsets_are_completed_from() {
    for row in Layout::rows() {
        let task = &row.asyncio;
        assert_eq!(task.fut_waiter + 8, task.coro);
        assert_eq!(task.coro + 8, task.name);
        assert_eq!(task.name + 8, task.context);
        assert_eq!(task.event_loop, row.object.size);
        if let Some(awaited_by) = task.awaited_by {
            assert_eq!(awaited_by + 8, task.state);
            assert_eq!(Some(awaited_by + 12), task.is_task);
        }
    }
}

fn words(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn published_sizes_are_those_of_the_headers() {
    let sizes: Vec<_> = (12..=16).map(published::size).collect();
    assert_eq!(sizes, [None, Some(584), Some(760), Some(888), None]);
}

#[test]
fn bytes_of_something_else_are_refused() {
    use published::{PublishedError, decode};
    let row = Layout::for_version(13, Build::Gil).unwrap();
    assert_eq!(decode(&[], row), Err(PublishedError::Absent));
    assert_eq!(decode(&[0; 600], row), Err(PublishedError::Absent));
    let mut bytes = published::COOKIE.to_vec();
    bytes.extend(words(&[0x030e_0af0, 0]));
    assert_eq!(decode(&bytes, row), Err(PublishedError::OtherVersion(0x030e_0af0)));
    bytes.truncate(8);
    bytes.extend(words(&[0x030d_00f0, 1]));
    assert_eq!(decode(&bytes, row), Err(PublishedError::OtherBuild(1)));
    bytes.truncate(8);
    bytes.extend(words(&[0x030d_00f0, 0]));
    assert_eq!(decode(&bytes, row), Err(PublishedError::Absent));
    bytes.extend([0; 560]);
    let size = PublishedError::Impossible { group: "runtime", field: "size", value: 0 };
    assert_eq!(decode(&bytes, row), Err(size));
    bytes.truncate(24);
    bytes.extend([0xff; 560]);
    assert!(matches!(decode(&bytes, row), Err(PublishedError::Impossible { .. })));
}

fn sample(minor: u8) -> Vec<u8> {
    let offsets: &[u64] = match minor {
        13 => &published_samples::V3_13,
        14 => &published_samples::V3_14,
        _ => &published_samples::V3_15,
    };
    [published::COOKIE.to_vec(), words(offsets)].concat()
}

#[test]
fn what_interpreters_publish_is_what_the_rows_say() {
    for minor in 13..=15 {
        let row = Layout::for_version(minor, Build::Gil).unwrap();
        let bytes = sample(minor);
        assert_eq!(Some(bytes.len()), published::size(minor));
        let (layout, differences) = published::decode(&bytes, row).unwrap();
        assert_eq!(differences, [], "3.{minor}");
        assert_eq!(&layout, row, "3.{minor}");
    }
}

#[test]
fn what_is_published_wins_and_is_kept_as_a_difference() {
    use published::Difference;
    let row = Layout::for_version(13, Build::Gil).unwrap();
    let mut bytes = sample(13);
    let [size, threads_head] = [19, 9].map(|word| 8 * word..8 * word + 8);
    assert_eq!(bytes[size.clone()], 304_u64.to_le_bytes());
    assert_eq!(bytes[threads_head.clone()], 7344_u64.to_le_bytes());
    bytes[size].copy_from_slice(&312_u64.to_le_bytes());
    bytes[threads_head].copy_from_slice(&7352_u64.to_le_bytes());
    let (layout, differences) = published::decode(&bytes, row).unwrap();
    assert_eq!(layout.thread.asyncio_running_loop, Some(312));
    assert_eq!(layout.interpreter.threads_head, 7352);
    let difference = |field, row, published| Difference { field, row, published };
    assert_eq!(
        differences,
        [
            difference("interpreter.threads_head", 7344, 7352),
            difference("thread.asyncio_running_loop", 304, 312),
            difference("thread.size", 312, 320),
        ]
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn no_bytes_make_decoding_panic(
        minor in 13_u8..=15,
        changes in proptest::collection::vec((3_usize..110, proptest::prelude::any::<u64>()), 0..4),
        len in 0_usize..900,
    ) {
        let mut bytes = sample(minor);
        for (word, value) in changes {
            if let Some(slot) = bytes.get_mut(8 * word..8 * word + 8) {
                slot.copy_from_slice(&value.to_le_bytes());
            }
        }
        bytes.truncate(len);
        let row = Layout::for_version(minor, Build::Gil).unwrap();
        if let Ok((layout, _)) = published::decode(&bytes, row) {
            proptest::prop_assert!(layout.thread.size < 8 << 20);
            proptest::prop_assert!(layout.frame.head_size < 8 << 20);
        }
        published_asyncio::decode(&bytes, row).ok();
    }
}

/// The section of Debian's 3.14.10 and 3.15.2, as the files hold it.
const ASYNCIO: [(u8, [u64; 13]); 2] = [
    (14, [168, 136, 96, 108, 109, 128, 152, 225_864, 10880, 936, 864, 872, 880]),
    (15, [168, 136, 96, 108, 109, 128, 152, 226_240, 10856, 1104, 1024, 1032, 1048]),
];

#[test]
fn asyncios_section_says_what_the_rows_say() {
    for (minor, section) in ASYNCIO {
        let row = Layout::for_version(minor, Build::Gil).unwrap();
        let (layout, differences) = published_asyncio::decode(&words(&section), row).unwrap();
        assert_eq!(differences, []);
        assert_eq!(&layout, row);
    }
}

#[test]
fn asyncios_section_is_refused_where_a_word_is_wrong() {
    let (minor, section) = ASYNCIO[0];
    let row = Layout::for_version(minor, Build::Gil).unwrap();
    for index in (0..13).filter(|&index| index != 7) {
        for wrong in [0, u64::MAX] {
            let mut section = section;
            section[index] = wrong;
            assert!(
                published_asyncio::decode(&words(&section), row).is_err(),
                "word {index} = {wrong}"
            );
        }
    }
}
