//! What `_Py_DebugOffsets` holds, in order: groups of 64-bit words, by version.
//!
//! Read from `pycore_runtime.h` of 3.13.18 and `pycore_debug_offsets.h` of 3.14.10 and 3.15.2.

/// A structure's name and the names of its words.
pub(super) type Group = (&'static str, &'static [&'static str]);

/// The groups a minor version publishes.
pub(super) fn groups(minor: u8) -> Option<&'static [Group]> {
    match minor {
        13 => Some(V3_13),
        14 => Some(V3_14),
        15 => Some(V3_15),
        _ => None,
    }
}

const V3_13: &[Group] = &[
    RUNTIME,
    (
        "interpreter",
        &[
            "size",
            "id",
            "next",
            "threads_head",
            "gc",
            "imports_modules",
            "sysdict",
            "builtins",
            "ceval_gil",
            "gil_runtime_state",
            "gil_runtime_state_enabled",
            "gil_runtime_state_locked",
            "gil_runtime_state_holder",
        ],
    ),
    THREAD,
    ("frame", &["size", "previous", "executable", "instr_ptr", "localsplus", "owner"]),
    (
        "code",
        &[
            "size",
            "filename",
            "name",
            "qualname",
            "linetable",
            "firstlineno",
            "argcount",
            "localsplusnames",
            "localspluskinds",
            "co_code_adaptive",
        ],
    ),
    OBJECT,
    TYPE,
    TUPLE,
    LIST,
    DICT,
    FLOAT,
    LONG,
    BYTES,
    TEXT,
    GC,
];

const V3_14: &[Group] = &[
    RUNTIME,
    INTERPRETER,
    THREAD,
    FRAME,
    CODE,
    OBJECT,
    TYPE,
    TUPLE,
    LIST,
    SET,
    DICT,
    FLOAT,
    LONG,
    BYTES,
    TEXT,
    GC,
    GENERATOR,
    LIST_NODE,
    DEBUGGER,
];

const V3_15: &[Group] = &[
    RUNTIME,
    INTERPRETER,
    (
        "thread",
        &[
            "size",
            "prev",
            "next",
            "interp",
            "current_frame",
            "base_frame",
            "last_profiled_frame",
            "last_profiled_frame_seq",
            "thread_id",
            "native_thread_id",
            "datastack_chunk",
            "status",
            "holds_gil",
            "gil_requested",
            "current_exception",
            "exc_state",
        ],
    ),
    ("err_stackitem", &["exc_value"]),
    FRAME,
    CODE,
    OBJECT,
    ("type", &["size", "tp_name", "tp_repr", "tp_flags", "tp_basicsize", "tp_dictoffset"]),
    ("heap_type", &["size", "ht_cached_keys"]),
    TUPLE,
    LIST,
    SET,
    DICT,
    FLOAT,
    LONG,
    BYTES,
    ("text", &["size", "state", "length", "asciiobject_size", "compactunicodeobject_size"]),
    ("gc", &["size", "collecting", "frame", "generation_stats_size", "generation_stats"]),
    GENERATOR,
    LIST_NODE,
    DEBUGGER,
];

const RUNTIME: Group = ("runtime", &["size", "finalizing", "interpreters_head"]);
const INTERPRETER: Group = (
    "interpreter",
    &[
        "size",
        "id",
        "next",
        "threads_head",
        "threads_main",
        "gc",
        "imports_modules",
        "sysdict",
        "builtins",
        "ceval_gil",
        "gil_runtime_state",
        "gil_runtime_state_enabled",
        "gil_runtime_state_locked",
        "gil_runtime_state_holder",
        "code_object_generation",
        "tlbc_generation",
    ],
);
const THREAD: Group = (
    "thread",
    &[
        "size",
        "prev",
        "next",
        "interp",
        "current_frame",
        "thread_id",
        "native_thread_id",
        "datastack_chunk",
        "status",
    ],
);
const FRAME: Group = (
    "frame",
    &[
        "size",
        "previous",
        "executable",
        "instr_ptr",
        "localsplus",
        "owner",
        "stackpointer",
        "tlbc_index",
    ],
);
const CODE: Group = (
    "code",
    &[
        "size",
        "filename",
        "name",
        "qualname",
        "linetable",
        "firstlineno",
        "argcount",
        "localsplusnames",
        "localspluskinds",
        "co_code_adaptive",
        "co_tlbc",
    ],
);
const OBJECT: Group = ("object", &["size", "ob_type"]);
const TYPE: Group = ("type", &["size", "tp_name", "tp_repr", "tp_flags"]);
const TUPLE: Group = ("tuple", &["size", "ob_item", "ob_size"]);
const LIST: Group = ("list", &["size", "ob_item", "ob_size"]);
const SET: Group = ("set", &["size", "used", "table", "mask"]);
const DICT: Group = ("dict", &["size", "ma_keys", "ma_values"]);
const FLOAT: Group = ("float", &["size", "ob_fval"]);
const LONG: Group = ("long", &["size", "lv_tag", "ob_digit"]);
const BYTES: Group = ("bytes", &["size", "ob_size", "ob_sval"]);
const TEXT: Group = ("text", &["size", "state", "length", "asciiobject_size"]);
const GC: Group = ("gc", &["size", "collecting"]);
const GENERATOR: Group = ("generator", &["size", "gi_name", "gi_iframe", "gi_frame_state"]);
const LIST_NODE: Group = ("list_node", &["next", "prev"]);
const DEBUGGER: Group = (
    "debugger",
    &[
        "eval_breaker",
        "remote_debugger_support",
        "remote_debugging_enabled",
        "debugger_pending_call",
        "debugger_script_path",
        "debugger_script_path_size",
    ],
);
