//! Columns: the values of one field of all events of a block, side by side.

use super::varint::{self, Malformed, unzigzag, zigzag};

macro_rules! columns {
    ($($name:ident = $code:literal),+ $(,)?) => {
        /// A column, by the code it has in a recording. Codes are never given a new meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Column {
            $($name = $code),+
        }

        const CODES: &[u8] = &[$($code),+];
    };
}

columns! {
    Kinds = 0,
    TextLength = 1, TextBytes = 2,
    String = 3, Target = 4, TargetEnded = 5, Thread = 6, Loop = 7, Code = 8,
    FrameId = 9, FrameCode = 10, FrameLine = 11,
    StackId = 12, StackParent = 13, StackFrame = 14,
    TaskId = 15, TaskProcess = 16, TaskName = 17, TaskCoroutine = 18, TaskCode = 19, TaskLoop = 20,
    Object = 21, Wait = 22,
    SampleLook = 23, SampleTime = 24,
    LookThread = 25, LookStack = 26, LookTask = 27, LookDepth = 28, LookActivity = 29,
    Idle = 30, Miss = 31,
    CensusBegin = 32, CensusEnd = 33,
    RowTask = 34, RowShape = 35,
    ShapeState = 36, ShapeChain = 37, ShapeWait = 38, ShapeCancel = 39,
    AwaitedTask = 40, AwaitedCount = 41, AwaitedBy = 42,
    TaskGone = 43,
    Gap = 44, Stats = 45, End = 46,
    WaitDetail = 47, StateObject = 48, StateNumbers = 49, StateHolders = 50,
    SampleContext = 51, SampleCallback = 52,
    Edges = 53,
    OffThread = 54, OffStart = 55, OffLength = 56, OffReason = 57,
    RunThread = 58, RunStart = 59, RunLength = 60, RunCounts = 61, RunTimes = 62,
    Lost = 63,
    ClockThread = 64, ClockTime = 65, ClockOnCpu = 66, ClockQueue = 67, ClockMinor = 68,
    ClockMajor = 69, ClockState = 70,
    MachineTime = 71, MachineBusy = 72, MachineSteal = 73, MachineCpus = 74,
    KernelCall = 75, Blocked = 76,
    NativeCode = 77, NativeSample = 78,
    Gil = 79, Gc = 80, GcPause = 81, Callee = 82,
    Queues = 83, QueueTask = 84, QueueReason = 85, QueueDue = 86,
    TaskNote = 87, Warned = 88, Turn = 89, Lock = 90,
}

const COLUMNS: usize = CODES.len();

// A column's code is its place in the tables below.
const _: () = {
    let mut index = 0;
    while index < COLUMNS {
        assert!(CODES[index] as usize == index, "codes are dense");
        index += 1;
    }
};

/// The columns of a block that is being written.
#[derive(Debug)]
pub(crate) struct ColumnsOut {
    bytes: [Vec<u8>; COLUMNS],
    previous: [u64; COLUMNS],
}

impl ColumnsOut {
    pub(crate) fn new() -> Self {
        Self { bytes: [const { Vec::new() }; COLUMNS], previous: [0; COLUMNS] }
    }

    /// Appends a value as it is.
    pub(crate) fn put(&mut self, column: Column, value: u64) {
        varint::put(&mut self.bytes[column as usize], value);
    }

    /// Appends the difference to the column's previous value.
    pub(crate) fn put_delta(&mut self, column: Column, value: u64) {
        let previous = std::mem::replace(&mut self.previous[column as usize], value);
        self.put(column, zigzag(value.wrapping_sub(previous)));
    }

    /// Appends a text.
    pub(crate) fn put_text(&mut self, text: &str) {
        self.put(Column::TextLength, text.len() as u64);
        self.bytes[Column::TextBytes as usize].extend_from_slice(text.as_bytes());
    }

    /// Bytes of all columns.
    pub(crate) fn len(&self) -> usize {
        self.bytes.iter().map(Vec::len).sum()
    }

    /// Appends the directory and the columns that are not empty to `out`, and forgets them.
    pub(crate) fn drain_into(&mut self, out: &mut Vec<u8>) {
        let used = self.bytes.iter().filter(|bytes| !bytes.is_empty()).count();
        varint::put(out, used as u64);
        for (code, bytes) in CODES.iter().zip(&self.bytes) {
            if !bytes.is_empty() {
                out.push(*code);
                varint::put(out, bytes.len() as u64);
            }
        }
        for bytes in &mut self.bytes {
            out.extend_from_slice(bytes);
            bytes.clear();
        }
        self.previous = [0; COLUMNS];
    }
}

/// The columns of a block that is being read. Columns of unknown codes are skipped.
#[derive(Debug)]
pub(crate) struct ColumnsIn {
    payload: Vec<u8>,
    /// Where each column's next value begins and where the column ends.
    spans: [(usize, usize); COLUMNS],
    previous: [u64; COLUMNS],
}

impl ColumnsIn {
    pub(crate) fn empty() -> Self {
        Self { payload: Vec::new(), spans: [(0, 0); COLUMNS], previous: [0; COLUMNS] }
    }

    /// Takes over a payload; `at` is where its directory begins.
    pub(crate) fn open(payload: Vec<u8>, at: usize) -> Result<Self, Malformed> {
        let mut spans = [(0, 0); COLUMNS];
        let mut rest = payload.get(at..).ok_or(Malformed)?;
        let mut lengths = Vec::new();
        let mut last = None;
        for _ in 0..varint::take(&mut rest)?.min(256) {
            let code = *varint::take_bytes(&mut rest, 1)?.first().ok_or(Malformed)?;
            if last.is_some_and(|last| last >= code) {
                return Err(Malformed);
            }
            last = Some(code);
            lengths.push((code, varint::take(&mut rest)?));
        }
        let mut start = payload.len() - rest.len();
        for (code, length) in lengths {
            let length = varint::take_bytes(&mut rest, length)?.len();
            if let Some(span) = spans.get_mut(usize::from(code)) {
                *span = (start, start + length);
            }
            start += length;
        }
        Ok(Self { payload, spans, previous: [0; COLUMNS] })
    }

    /// Gives the payload's memory back for the next block.
    pub(crate) fn into_payload(self) -> Vec<u8> {
        self.payload
    }

    /// The next value of a column.
    pub(crate) fn take(&mut self, column: Column) -> Result<u64, Malformed> {
        let (start, end) = &mut self.spans[column as usize];
        let mut rest = self.payload.get(*start..*end).ok_or(Malformed)?;
        let value = varint::take(&mut rest)?;
        *start = *end - rest.len();
        Ok(value)
    }

    /// The next value of a column of differences.
    pub(crate) fn take_delta(&mut self, column: Column) -> Result<u64, Malformed> {
        let difference = unzigzag(self.take(column)?);
        let previous = &mut self.previous[column as usize];
        *previous = previous.wrapping_add(difference);
        Ok(*previous)
    }

    /// The next text.
    pub(crate) fn take_text(&mut self) -> Result<String, Malformed> {
        let length = self.take(Column::TextLength)?;
        let (start, end) = &mut self.spans[Column::TextBytes as usize];
        let mut rest = self.payload.get(*start..*end).ok_or(Malformed)?;
        let text = varint::take_bytes(&mut rest, length)?;
        *start += text.len();
        String::from_utf8(text.to_vec()).or(Err(Malformed))
    }

    /// Bytes of a column not taken yet; no list in it can be longer than that.
    pub(crate) fn left(&self, column: Column) -> usize {
        let (start, end) = self.spans[column as usize];
        end - start
    }
}
