//! Every colour and size of the viewer.

use eframe::egui::{
    Color32, Context, CornerRadius, FontDefinitions, FontFamily, FontId, Stroke, Style, TextStyle,
    Visuals, vec2,
};
use looptrace::analysis::timeline::SpanState;
use looptrace::model::CauseKind;

/// Which of the two palettes is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum Preference {
    /// As the desktop has it.
    #[default]
    System,
    /// Dark.
    Dark,
    /// Light.
    Light,
}

/// Height of a lane.
pub const LANE: f32 = 18.0;
/// Height of the strip that shows what a loop had queued.
pub const QUEUE: f32 = 14.0;
/// Gap between lanes.
pub const LANE_GAP: f32 = 2.0;
/// Width of the names left of the lanes.
pub const NAMES: f32 = 220.0;
/// Height of a row of a table.
pub const ROW: f32 = 20.0;
/// Room between the columns of a table.
pub const COLUMN_GAP: f32 = 12.0;
/// Width of the legend left of the overview.
pub const LEGEND: f32 = 132.0;
/// Height of a frame of a flame graph.
pub const FRAME: f32 = 18.0;
/// Height of the overview.
pub const OVERVIEW: f32 = 64.0;
/// Height of a time axis.
pub const AXIS: f32 = 20.0;
/// Spans narrower than this many points are folded.
pub const FOLD: f32 = 3.0;
/// Nothing is drawn narrower than this.
pub const NARROWEST: f32 = 2.0;
/// A span at least this wide has a text.
pub const TEXT_FROM: f32 = 36.0;

/// The colours of one palette.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Theme {
    /// Whether it is the dark one.
    pub dark: bool,
    /// Behind everything.
    pub background: Color32,
    /// Behind lanes and plots.
    pub canvas: Color32,
    /// Behind every other lane, and headings.
    pub raised: Color32,
    /// Lines between things.
    pub line: Color32,
    /// Text.
    pub text: Color32,
    /// Text of lesser weight.
    pub weak: Color32,
    /// What is selected.
    pub accent: Color32,
    /// Behind what is selected.
    pub accent_faint: Color32,
    /// A loop asleep in its poll call.
    pub idle: Color32,
    /// What runs.
    pub running: Color32,
    /// What could run.
    pub ready: Color32,
    /// What waits.
    pub waiting: Color32,
    /// What is not known.
    pub unknown: Color32,
    /// A stall.
    pub stall: Color32,
    /// A warning.
    pub warning: Color32,
    /// Something good.
    pub good: Color32,
    /// What a search found.
    pub found: Color32,
    /// Text on a coloured span.
    pub on_span: Color32,
}

const fn grey(level: u8) -> Color32 {
    Color32::from_gray(level)
}

const fn rgb(r: u8, g: u8, b: u8) -> Color32 {
    Color32::from_rgb(r, g, b)
}

/// The dark palette.
pub const DARK: Theme = Theme {
    dark: true,
    background: rgb(24, 25, 29),
    canvas: rgb(17, 18, 21),
    raised: rgb(33, 35, 40),
    line: rgb(54, 57, 65),
    text: rgb(222, 225, 231),
    weak: rgb(148, 154, 166),
    accent: rgb(96, 165, 250),
    accent_faint: Color32::from_rgba_premultiplied(22, 42, 68, 90),
    idle: rgb(44, 48, 57),
    running: rgb(74, 168, 120),
    ready: rgb(232, 177, 62),
    waiting: rgb(84, 103, 138),
    unknown: rgb(66, 63, 72),
    stall: rgb(238, 82, 83),
    warning: rgb(240, 180, 75),
    good: rgb(92, 190, 132),
    found: rgb(214, 120, 232),
    on_span: grey(12),
};

/// The light palette.
pub const LIGHT: Theme = Theme {
    dark: false,
    background: rgb(246, 247, 249),
    canvas: rgb(255, 255, 255),
    raised: rgb(236, 238, 242),
    line: rgb(205, 209, 217),
    text: rgb(28, 31, 38),
    weak: rgb(91, 98, 112),
    accent: rgb(29, 99, 214),
    accent_faint: Color32::from_rgba_premultiplied(6, 19, 42, 50),
    idle: rgb(224, 228, 235),
    running: rgb(76, 175, 125),
    ready: rgb(233, 168, 32),
    waiting: rgb(158, 176, 209),
    unknown: rgb(210, 205, 214),
    stall: rgb(211, 47, 47),
    warning: rgb(176, 109, 0),
    good: rgb(32, 128, 76),
    found: rgb(166, 50, 190),
    on_span: grey(10),
};

impl Theme {
    /// The palette for what is wanted, given what the desktop has.
    #[must_use]
    pub fn of(preference: Preference, system_is_dark: bool) -> Self {
        match preference {
            Preference::Dark => DARK,
            Preference::Light => LIGHT,
            Preference::System if system_is_dark => DARK,
            Preference::System => LIGHT,
        }
    }

    /// The colour of a state.
    #[must_use]
    pub fn state(&self, state: SpanState) -> Color32 {
        match state {
            SpanState::Unknown => self.unknown,
            SpanState::Idle => self.idle,
            SpanState::Waiting => self.waiting,
            SpanState::Running => self.running,
            SpanState::Ready => self.ready,
        }
    }

    /// The colour of a stall by what caused it: computing, blocking, the GIL, the interpreter's
    /// own work, the machine.
    #[must_use]
    pub fn cause(&self, cause: CauseKind) -> Color32 {
        use CauseKind as C;
        match (cause, self.dark) {
            (C::CpuPython | C::CpuNative | C::Unknown, _) => self.stall,
            (C::BlockingCall | C::LockWait | C::Disk | C::PageFault, true) => rgb(228, 92, 165),
            (C::BlockingCall | C::LockWait | C::Disk | C::PageFault, false) => rgb(190, 40, 120),
            (C::GilWait, true) => rgb(240, 128, 60),
            (C::GilWait, false) => rgb(196, 84, 10),
            (C::Gc | C::Import, true) => rgb(170, 124, 240),
            (C::Gc | C::Import, false) => rgb(112, 60, 200),
            (C::Starved | C::Stopped, true) => rgb(150, 154, 168),
            (C::Starved | C::Stopped, false) => rgb(104, 110, 126),
        }
    }

    /// A sign for a cause, so that it can be told without its colour.
    #[must_use]
    pub const fn sign(cause: CauseKind) -> &'static str {
        use CauseKind as C;
        match cause {
            C::CpuPython | C::CpuNative => "■",
            C::BlockingCall | C::LockWait | C::Disk | C::PageFault => "◆",
            C::GilWait => "▲",
            C::Gc | C::Import => "●",
            C::Starved | C::Stopped => "○",
            C::Unknown => "?",
        }
    }

    /// How high a state is drawn, as a share of its lane: it can be told without its colour.
    #[must_use]
    pub fn height(state: SpanState) -> f32 {
        match state {
            SpanState::Unknown | SpanState::Idle => 0.22,
            SpanState::Waiting => 0.6,
            SpanState::Ready => 0.8,
            SpanState::Running => 1.0,
        }
    }

    /// The colour of a frame: the same for the same key, warm, and never that of a stall.
    #[must_use]
    pub fn frame(&self, key: u64, internal: bool) -> Color32 {
        let mixed = key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        let step = |shift: u32, span: u8| ((mixed >> shift) & 0xff) as u8 % span;
        match (self.dark, internal) {
            (true, false) => rgb(190 + step(0, 44), 122 + step(8, 56), 58 + step(16, 24)),
            (true, true) => rgb(92 + step(0, 18), 100 + step(8, 18), 116 + step(16, 18)),
            (false, false) => rgb(242 - step(0, 16), 168 + step(8, 48), 96 + step(16, 36)),
            (false, true) => rgb(188 + step(0, 18), 194 + step(8, 18), 206 + step(16, 18)),
        }
    }

    /// A colour for text on another one, so that it can be read.
    #[must_use]
    pub fn text_on(&self, colour: Color32) -> Color32 {
        let [r, g, b, _] = colour.to_array().map(f32::from);
        if 0.299 * r + 0.587 * g + 0.114 * b > 116.0 { self.on_span } else { Color32::WHITE }
    }

    /// The colour of a difference: worse towards red, better towards green; `part` is -1 to 1.
    #[must_use]
    pub fn difference(&self, part: f32) -> Color32 {
        let neutral = self.raised;
        let (towards, part) = if part > 0.0 { (self.stall, part) } else { (self.good, -part) };
        neutral.lerp_to_gamma(towards, part.clamp(0.0, 1.0).sqrt())
    }

    /// Adds the signs that the text font lacks. Without this they would depend on the fonts that
    /// the machine happens to have.
    pub fn install_signs(ctx: &Context) {
        let mut fonts = FontDefinitions::default();
        let proportional = fonts.families.entry(FontFamily::Proportional).or_default();
        proportional.push("Hack".to_owned());
        ctx.set_fonts(fonts);
    }

    /// Makes a context look like this.
    pub fn install(&self, ctx: &Context) {
        let which = if self.dark { eframe::egui::Theme::Dark } else { eframe::egui::Theme::Light };
        ctx.set_theme(which);
        ctx.set_style_of(which, self.style());
    }

    fn style(&self) -> Style {
        let mut style = Style { visuals: self.visuals(), ..Style::default() };
        style.spacing.item_spacing = vec2(6.0, 4.0);
        style.spacing.button_padding = vec2(6.0, 2.0);
        style.spacing.interact_size.y = ROW;
        style.spacing.scroll = eframe::egui::style::ScrollStyle::solid();
        style.spacing.scroll.bar_width = 8.0;
        style.interaction.selectable_labels = false;
        style.text_styles = [
            (TextStyle::Heading, FontId::proportional(16.0)),
            (TextStyle::Body, FontId::proportional(12.5)),
            (TextStyle::Button, FontId::proportional(12.5)),
            (TextStyle::Small, FontId::proportional(11.0)),
            (TextStyle::Monospace, FontId::monospace(12.0)),
        ]
        .into();
        style
    }

    fn visuals(&self) -> Visuals {
        let mut visuals = if self.dark { Visuals::dark() } else { Visuals::light() };
        visuals.panel_fill = self.background;
        visuals.window_fill = self.background;
        visuals.extreme_bg_color = self.canvas;
        visuals.faint_bg_color = self.raised.gamma_multiply(0.45);
        visuals.window_stroke = Stroke::new(1.0, self.line);
        visuals.window_corner_radius = CornerRadius::same(6);
        visuals.selection.bg_fill = self.accent.gamma_multiply(0.35);
        // The text of what is selected, too.
        visuals.selection.stroke = Stroke::new(1.0, self.accent.lerp_to_gamma(self.text, 0.6));
        visuals.hyperlink_color = self.accent;
        visuals.warn_fg_color = self.warning;
        visuals.error_fg_color = self.stall;
        visuals.weak_text_color = Some(self.weak);
        visuals.widgets.noninteractive.bg_stroke = Stroke::new(1.0, self.line);
        visuals.widgets.noninteractive.fg_stroke = Stroke::new(1.0, self.text);
        for widget in [
            &mut visuals.widgets.inactive,
            &mut visuals.widgets.hovered,
            &mut visuals.widgets.active,
            &mut visuals.widgets.open,
        ] {
            widget.fg_stroke.color = self.text;
            widget.corner_radius = CornerRadius::same(4);
        }
        visuals.widgets.inactive.bg_stroke = Stroke::new(1.0, self.line);
        visuals.widgets.inactive.weak_bg_fill = self.raised;
        visuals.widgets.inactive.bg_fill = self.raised;
        visuals
    }
}
