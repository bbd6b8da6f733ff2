//! The only source of ids and of randomness that is not secret.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use domain::{Entity, EntityId, Moment, OperationId};

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// The increment of the SplitMix64 generator.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
/// 2026-01-01T00:00:00Z: times in ids are counted from here, in tenths of a millisecond.
const EPOCH_MS: i64 = 1_767_225_600_000;

/// Makes ids that never repeat within a process and are practically unique across them.
///
/// A resource id is its prefix, three characters that hint at the region, nine that grow with
/// time (so that new rows lie beside each other) and eight that are random.
#[derive(Debug)]
pub struct IdGenerator {
    random: AtomicU64,
    last_tick: AtomicI64,
    last_operation: AtomicI64,
}

impl IdGenerator {
    /// A source seeded by the operating system.
    pub(crate) fn from_entropy() -> IdGenerator {
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).expect("the operating system has randomness");
        IdGenerator::from_seed(u64::from_le_bytes(seed))
    }

    /// A source that gives the same ids every time.
    pub fn from_seed(seed: u64) -> IdGenerator {
        IdGenerator {
            random: AtomicU64::new(seed),
            last_tick: AtomicI64::new(0),
            last_operation: AtomicI64::new(0),
        }
    }

    /// A random number.
    pub fn random(&self) -> u64 {
        let mut mixed = self.random.fetch_add(GOLDEN, Ordering::Relaxed);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The id of a new resource of a kind that the store keeps, in a region with this hint.
    pub fn of<I: EntityId + From<String>>(&self, hint: &str, now: Moment) -> I {
        self.resource(I::Entity::KIND.id_prefix, hint, now).into()
    }

    /// An id with any prefix.
    pub(crate) fn resource(&self, prefix: &str, hint: &str, now: Moment) -> String {
        let tick = next_after(&self.last_tick, (now.0 - EPOCH_MS).max(0).saturating_mul(10));
        let mut id = String::with_capacity(24);
        id.push_str(prefix);
        id.push_str(hint);
        digits(tick.unsigned_abs(), 9, &mut id);
        digits(self.random(), 8, &mut id);
        id
    }

    /// The number of an operation, larger than all before. Its end is random, so that it meets no
    /// number of an earlier process even where the clock stands still or was set back.
    pub fn operation(&self, now: Moment) -> OperationId {
        let end = i64::try_from(self.random() >> 45).unwrap_or(0);
        let tick = ((now.0 - EPOCH_MS).max(0) << 20) | end;
        OperationId(next_after(&self.last_operation, tick))
    }

    /// An upper-case UUID.
    pub(crate) fn request(&self) -> String {
        let (high, low) = (self.random(), self.random());
        let variant = (low & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
        let mut text = String::with_capacity(36);
        let groups = [
            (high >> 32, 8),
            (high >> 16, 4),
            (0x4000 | (high & 0xfff), 4),
            (variant >> 48, 4),
            (variant, 12),
        ];
        for (number, count) in groups {
            if !text.is_empty() {
                text.push('-');
            }
            hexadecimal(number, count, b"0123456789ABCDEF", &mut text);
        }
        text
    }

    /// 32 lower-case hexadecimal digits.
    pub(crate) fn trace(&self) -> String {
        let mut text = String::with_capacity(32);
        for number in [self.random(), self.random()] {
            hexadecimal(number, 16, b"0123456789abcdef", &mut text);
        }
        text
    }
}

/// The wanted number, or one more than the last if that is larger.
fn next_after(last: &AtomicI64, wanted: i64) -> i64 {
    let next = |last: i64| wanted.max(last + 1);
    let before = last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)));
    next(before.unwrap_or(0))
}

/// The last `count` digits of a number.
fn hexadecimal(number: u64, count: u32, digits: &[u8; 16], out: &mut String) {
    let digit = |place: u32| digits[usize::try_from(number >> (4 * place) & 15).unwrap_or(0)];
    out.extend((0..count).rev().map(|place| char::from(digit(place))));
}

fn digits(mut number: u64, count: usize, out: &mut String) {
    let mut text = [b'0'; 16];
    for place in text[..count].iter_mut().rev() {
        *place = DIGITS[usize::try_from(number % 36).unwrap_or(0)];
        number /= 36;
    }
    out.extend(text[..count].iter().map(|byte| char::from(*byte)));
}
