//! Maps with a fast hash.

/// A map by names and ids that the server made: callers cannot make them collide, so a fast hash
/// will do.
pub(crate) type FastMap<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;
