//! From key presses to actions.

use eframe::egui::{Context, Event, Key, KeyboardShortcut, Modifiers};

use crate::command::Action;

/// The actions whose keys were pressed since the last frame, in order. While a text is being
/// edited, only keys that mean nothing to it.
#[must_use]
pub fn pressed(ctx: &Context) -> Vec<Action> {
    let editing = ctx.text_edit_focused();
    ctx.input_mut(|input| {
        let mut actions = Vec::new();
        input.events.retain(|event| {
            let Event::Key { key, pressed: true, modifiers, .. } = event else { return true };
            if editing && !passes_an_editor(*key, *modifiers) {
                return true;
            }
            match action(*key, *modifiers) {
                Some(action) => {
                    actions.push(action);
                    false
                }
                None => true,
            }
        });
        actions
    })
}

fn passes_an_editor(key: Key, modifiers: Modifiers) -> bool {
    const EDITING: [Key; 5] = [Key::Z, Key::Y, Key::C, Key::A, Key::Backspace];
    let function = matches!(key, Key::F1 | Key::F3 | Key::F9);
    function || ((modifiers.command || modifiers.alt) && !EDITING.contains(&key))
}

/// The action of a key.
#[must_use]
pub fn action(key: Key, modifiers: Modifiers) -> Option<Action> {
    // Where these are found differs between keyboards.
    let modifiers = match key {
        Key::Questionmark | Key::Plus => Modifiers { shift: false, ..modifiers },
        _ => modifiers,
    };
    let matches = |keys: &KeyboardShortcut| {
        keys.logical_key == key && modifiers.matches_exact(keys.modifiers)
    };
    Action::ALL.iter().copied().find(|action| action.keys().iter().any(matches))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shift_makes_a_difference() {
        assert_eq!(action(Key::N, Modifiers::NONE), Some(Action::NextStall));
        assert_eq!(action(Key::N, Modifiers::SHIFT), Some(Action::PreviousStall));
        assert_eq!(action(Key::Questionmark, Modifiers::SHIFT), Some(Action::Help));
        let ctrl = Modifiers { ctrl: true, command: true, ..Modifiers::NONE };
        assert_eq!(action(Key::F, ctrl), Some(Action::Find));
        assert_eq!(action(Key::F, Modifiers::NONE), Some(Action::Fit));
    }
}
