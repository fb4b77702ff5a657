//! Made-up names and values. The same number gives the same ones on every machine, so that a failure can be repeated.
//! Shared with the unit tests of `deliver`.

/// Numbers that look random: xorshift64*.
pub struct Chance(u64);

impl Chance {
    /// The `number`th row of numbers.
    pub fn new(number: u64) -> Self {
        Chance(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number less than `end`.
    pub fn below(&mut self, end: usize) -> usize {
        ((self.next() >> 33) as usize) % end.max(1)
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }

    /// A name that an environment can hold: mostly plain, now and then an odd one.
    pub fn name(&mut self) -> String {
        let pieces =
            ["A", "B", "_", "9", "DB", "PASSWORD", "path", ".", "-", " ", "\u{e9}", "\u{1f600}", "\n", "$", "%"];
        let plain = !self.once_in(4);
        let count = 1 + self.below(4);
        (0..count).map(|_| self.of(if plain { &pieces[..7] } else { &pieces[..] })).collect()
    }

    /// Bytes of any kind without a NUL: empty ones, single ones, text that means something elsewhere, and long ones.
    pub fn value(&mut self) -> Vec<u8> {
        let odd: [&[u8]; 10] = [
            b"secret://file/x",
            b"${secret://file/x}",
            b"$$",
            b"${HOME}",
            b"\n",
            b"=",
            b"\xff\xfe",
            b"\"\\'",
            b"a b",
            b"\xf0\x9f\x98\x80",
        ];
        if self.once_in(3) {
            return (0..self.below(4)).map(|_| self.of(&odd)).collect::<Vec<_>>().concat();
        }
        let length = if self.once_in(20) { self.below(10_000) } else { self.below(40) };
        (0..length).map(|_| 1 + self.below(255) as u8).collect()
    }
}
