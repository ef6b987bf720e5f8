//! A virtual display, and what a user does there: looks at titles, presses keys, closes windows.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    AtomEnum, CLIENT_MESSAGE_EVENT, ClientMessageEvent, ConnectionExt as _, EventMask, InputFocus,
    KEY_PRESS_EVENT, KEY_RELEASE_EVENT, Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// A virtual display that ends with the test.
pub(crate) struct Display {
    server: Child,
    /// Its name, for `DISPLAY`.
    pub(crate) name: String,
}

impl Display {
    /// `None`, said loudly, where there is no Xvfb.
    pub(crate) fn start() -> Option<Self> {
        let server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut server) = server else {
            eprintln!("!! SKIPPED: the viewer in a real window: there is no Xvfb");
            return None;
        };
        // It says its number when it is ready.
        let mut number = String::new();
        let stdout = server.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut number).expect("it can be read");
        let number = number.trim().to_owned();
        assert!(!number.is_empty(), "Xvfb does not start");
        Some(Self { server, name: format!(":{number}") })
    }

    /// A user in front of it.
    pub(crate) fn user(&self) -> User {
        let (connection, screen) = x11rb::connect(Some(&self.name)).expect("it listens");
        let root = connection.setup().roots[screen].root;
        User { connection, root }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.server.kill().expect("it runs");
        self.server.wait().expect("it ends");
    }
}

/// Someone in front of a display.
pub(crate) struct User {
    connection: RustConnection,
    root: Window,
}

impl User {
    /// The window whose title contains a text, and its title.
    pub(crate) fn window(&self, part: &str) -> Option<(Window, String)> {
        let children = self.connection.query_tree(self.root).ok()?.reply().ok()?.children;
        children.into_iter().find_map(|window| {
            let title = self.title(window).filter(|title| title.contains(part))?;
            Some((window, title))
        })
    }

    /// What a window is called.
    pub(crate) fn title(&self, window: Window) -> Option<String> {
        let name = self.atom("_NET_WM_NAME");
        let property =
            self.connection.get_property(false, window, name, AtomEnum::ANY, 0, 1_000).ok()?;
        String::from_utf8(property.reply().ok()?.value).ok()
    }

    /// Presses a key in a window, by the symbol that it bears.
    pub(crate) fn press(&self, window: Window, symbol: u32) {
        let (least, most) =
            (self.connection.setup().min_keycode, self.connection.setup().max_keycode);
        let keys = self.connection.get_keyboard_mapping(least, most - least + 1);
        let keys = keys.expect("it is asked").reply().expect("it is told");
        let per_key = usize::from(keys.keysyms_per_keycode);
        let at = keys.keysyms.chunks(per_key).position(|symbols| symbols.contains(&symbol));
        let code = least + u8::try_from(at.expect("a key bears it")).expect("it is a code");
        let focus = self.connection.set_input_focus(InputFocus::PARENT, window, 0_u32);
        focus.expect("it is asked").check().expect("the window is there");
        for event in [KEY_PRESS_EVENT, KEY_RELEASE_EVENT] {
            let key = self.connection.xtest_fake_input(event, code, 0, self.root, 0, 0, 0);
            key.expect("it is asked").check().expect("it is pressed");
        }
    }

    /// Closes a window as its frame does.
    pub(crate) fn close(&self, window: Window) {
        let event = ClientMessageEvent {
            response_type: CLIENT_MESSAGE_EVENT,
            format: 32,
            sequence: 0,
            window,
            type_: self.atom("WM_PROTOCOLS"),
            data: [self.atom("WM_DELETE_WINDOW"), 0, 0, 0, 0].into(),
        };
        let sent = self.connection.send_event(false, window, EventMask::NO_EVENT, event);
        sent.expect("it is asked").check().expect("the window is there");
    }

    fn atom(&self, name: &str) -> u32 {
        let atom = self.connection.intern_atom(false, name.as_bytes());
        atom.expect("it is asked").reply().expect("it is told").atom
    }
}
