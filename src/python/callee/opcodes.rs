//! What a call instruction calls, as its bytecode spells it.

/// The opcodes of one version.
pub(super) struct Opcodes {
    pub(super) calls: Calls,
    pub(super) loads: Loads,
    /// `EXTENDED_ARG`.
    pub(super) extended: u8,
    /// Entries that expressions add to the value stack: `a + b * argument + c * (argument & 1)`.
    /// What is not listed ends the search.
    pub(super) effects: &'static [(Effect, &'static [u8])],
    /// Code units behind an instruction that are no instructions.
    pub(super) caches: &'static [(usize, &'static [u8])],
    /// Forms of an opcode that the interpreter puts in its place.
    pub(super) specialised: &'static [(u8, &'static [u8])],
}

/// See [`Opcodes::effects`].
type Effect = (i64, i64, i64);

/// Instructions that call.
pub(super) struct Calls {
    /// `CALL_FUNCTION`, `CALL`.
    pub(super) plain: u8,
    /// `CALL_METHOD`, up to 3.10.
    pub(super) method: Option<u8>,
    /// `CALL_FUNCTION_KW`, `CALL_KW`.
    pub(super) keywords: Option<u8>,
    /// `CALL_FUNCTION_EX`.
    pub(super) unpacked: u8,
    /// `PRECALL`, in 3.11, which makes the calls of specialised forms.
    pub(super) prepare: Option<u8>,
}

/// Instructions that load something by its name.
pub(super) struct Loads {
    pub(super) global: u8,
    pub(super) name: u8,
    pub(super) attribute: u8,
    pub(super) method: Option<u8>,
}

/// One instruction, in its general form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instruction {
    pub(super) opcode: u8,
    pub(super) argument: u32,
}

impl Opcodes {
    fn general(&self, opcode: u8) -> u8 {
        let found = self.specialised.iter().find(|(_, forms)| forms.contains(&opcode));
        found.map_or(opcode, |(general, _)| *general)
    }

    /// The instruction of one code unit.
    pub(super) fn single(&self, unit: [u8; 2]) -> Instruction {
        let [opcode, argument] = unit;
        Instruction { opcode: self.general(opcode), argument: argument.into() }
    }

    /// The instructions of bytecode, of which the last one begins with its last code unit.
    pub(super) fn decode(&self, bytecode: &[u8]) -> Option<Vec<Instruction>> {
        let mut found = Vec::new();
        let mut units = bytecode.chunks_exact(2);
        let mut prefix = 0_u32;
        while let Some(&[opcode, argument]) = units.next() {
            let Instruction { opcode, argument } = self.single([opcode, argument]);
            let argument = prefix << 8 | argument;
            if opcode == self.extended {
                prefix = argument;
                continue;
            }
            prefix = 0;
            found.push(Instruction { opcode, argument });
            let caches = self.caches.iter().find(|(_, opcodes)| opcodes.contains(&opcode));
            for _ in 0..caches.map_or(0, |(count, _)| *count) {
                if units.len() == 0 {
                    break;
                }
                units.next()?;
            }
        }
        Some(found)
    }

    /// How many entries of the value stack lie above what an instruction of 3.`minor` calls.
    pub(super) fn above(&self, call: Instruction, minor: u8) -> Option<i64> {
        let arguments = i64::from(call.argument);
        let opcode = Some(call.opcode);
        let nothing_or_self = i64::from(minor >= 13);
        let calls = &self.calls;
        if opcode == Some(calls.plain) || opcode == calls.method || opcode == calls.prepare {
            Some(arguments + nothing_or_self)
        } else if opcode == calls.keywords {
            Some(arguments + 1 + nothing_or_self)
        } else if opcode == Some(calls.unpacked) {
            let keywords = if minor >= 14 { 1 } else { arguments & 1 };
            Some(1 + keywords + nothing_or_self)
        } else {
            None
        }
    }

    fn effect(&self, of: Instruction) -> Option<i64> {
        let found = self.effects.iter().find(|(_, opcodes)| opcodes.contains(&of.opcode));
        let argument = i64::from(of.argument);
        found.map(|((fixed, each, odd), _)| fixed + each * argument + odd * (argument & 1))
    }

    /// The index of the name that an instruction loads, and whether it takes it from an object.
    fn loads(&self, of: Instruction, minor: u8) -> Option<(u32, bool)> {
        let Instruction { opcode, argument } = of;
        if opcode == self.loads.global {
            Some((if minor >= 11 { argument >> 1 } else { argument }, false))
        } else if opcode == self.loads.name {
            Some((argument, false))
        } else if opcode == self.loads.attribute {
            Some((if minor >= 12 { argument >> 1 } else { argument }, true))
        } else if Some(opcode) == self.loads.method {
            Some((argument, true))
        } else {
            None
        }
    }

    /// The index of the name by which the last of these instructions, of 3.`minor`, got what it
    /// calls: followed back through the expressions of its arguments. `None` where that is not a
    /// straight line, or the callable was not loaded by a name.
    pub(super) fn spelled(&self, instructions: &[Instruction], minor: u8) -> Option<u32> {
        let (&call, mut before) = instructions.split_last()?;
        let mut above = self.above(call, minor)?;
        if let Some((last, rest)) = before.split_last()
            && Some(last.opcode) == self.calls.prepare
        {
            before = rest;
        }
        for &instruction in before.iter().rev() {
            let effect = self.effect(instruction)?;
            let loads = self.loads(instruction, minor);
            let pushed = match loads {
                Some((_, true)) => effect + 1,
                _ => effect.max(1),
            };
            if above < pushed {
                return loads.map(|(name, _)| name);
            }
            above -= effect;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::tables;

    /// `print(json.dumps(text, indent=2))`, up to the call of `dumps`.
    const NESTED: &[(u8, &[u8])] = &[
        (8, &[116, 0, 116, 1, 106, 2, 124, 0, 100, 1, 100, 2, 141, 2]),
        (10, &[116, 0, 116, 1, 106, 2, 124, 0, 100, 1, 100, 2, 141, 2]),
    ];

    #[test]
    fn the_callable_is_found_behind_its_arguments() {
        for &(minor, bytecode) in NESTED {
            let opcodes = tables::of(minor).unwrap();
            let instructions = opcodes.decode(bytecode).unwrap();
            assert_eq!(opcodes.spelled(&instructions, minor), Some(2), "3.{minor}");
        }
    }

    #[test]
    fn caches_are_no_instructions() {
        // 3.11: LOAD_GLOBAL with 5 caches, a specialised PRECALL, and CALL.
        let opcodes = tables::of(11).unwrap();
        let mut bytecode = vec![48, 3];
        bytecode.extend([124; 10]);
        bytecode.extend([124, 0, 64, 1, 0, 0, 171, 1]);
        let instructions = opcodes.decode(&bytecode).unwrap();
        assert_eq!(instructions.len(), 4);
        assert_eq!(opcodes.spelled(&instructions, 11), Some(1));
        assert_eq!(opcodes.spelled(&instructions[..3], 11), Some(1));
        assert_eq!(opcodes.spelled(&instructions[..2], 11), None);
    }

    #[test]
    fn no_bytecode_is_too_strange() {
        for minor in 8..=15 {
            let opcodes = tables::of(minor).unwrap();
            for seed in 0..=255_u8 {
                let bytecode: Vec<u8> = (0..200_u8).map(|n| n.wrapping_mul(seed) ^ seed).collect();
                let instructions = opcodes.decode(&bytecode).unwrap();
                let name = opcodes.spelled(&instructions, minor);
                assert!(name.is_none_or(|_| minor < 14), "3.{minor}");
            }
        }
        assert!(tables::of(7).is_none());
    }
}
