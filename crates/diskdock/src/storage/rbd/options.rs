//! Where the disks of a server are in Ceph: `rbd:pool=disks,conf=/etc/ceph/ceph.conf,…`.

use std::fmt;
use std::path::PathBuf;

/// The word before the options.
const WORD: &str = "rbd:";
/// The configuration that Ceph's own tools take.
const CONF: &str = "/etc/ceph/ceph.conf";
/// The user that Ceph's own tools are.
const USER: &str = "admin";

/// A pool of Ceph, and the user of Ceph that works with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RbdOptions {
    /// The pool, which holds nothing else.
    pub pool: String,
    /// Ceph's configuration file.
    pub conf: PathBuf,
    /// The user, without `client.` before it.
    pub user: String,
    /// The file with the user's key; found as Ceph's tools find it if none.
    pub keyring: Option<PathBuf>,
}

impl RbdOptions {
    /// Reads `rbd:pool=NAME[,conf=FILE][,user=NAME][,keyring=FILE]`. The error says what is wrong.
    pub fn parse(text: &str) -> Result<RbdOptions, String> {
        let options = text.strip_prefix(WORD).ok_or_else(|| format!("`{text}` is not rbd:…"))?;
        let (mut pool, mut conf, mut user, mut keyring) = (None, None, None, None);
        for option in options.split(',') {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let place = match name {
                "pool" => &mut pool,
                "conf" => &mut conf,
                "user" => &mut user,
                "keyring" => &mut keyring,
                _ => return Err(format!("`{name}` is none of pool, conf, user and keyring")),
            };
            if value.is_empty() || place.replace(value.to_owned()).is_some() {
                return Err(format!("`{name}=` wants one value"));
            }
        }
        let pool = pool.ok_or("a pool is missing, such as rbd:pool=disks")?;
        let user = user.unwrap_or_else(|| USER.to_owned());
        for (what, name) in [("pool", &pool), ("user", &user)] {
            if !is_plain(name) {
                return Err(format!("the {what} `{name}` has other than letters, digits, . _ -"));
            }
        }
        let conf = PathBuf::from(conf.unwrap_or_else(|| CONF.to_owned()));
        let keyring = keyring.map(PathBuf::from);
        if let Some(path) = keyring.iter().chain([&conf]).find(|path| !path.is_absolute()) {
            return Err(format!("{} is no absolute path", path.display()));
        }
        Ok(RbdOptions { pool, conf, user, keyring })
    }
}

impl fmt::Display for RbdOptions {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RbdOptions { pool, conf, user, keyring } = self;
        write!(to, "{WORD}pool={pool},conf={},user={user}", conf.display())?;
        keyring.as_ref().map_or(Ok(()), |keyring| write!(to, ",keyring={}", keyring.display()))
    }
}

/// A name that neither Ceph's tool nor QEMU can read as anything else.
fn is_plain(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    name.bytes().all(allowed) && name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_takes_the_defaults_of_ceph_and_says_what_is_wrong() {
        let found = RbdOptions::parse("rbd:pool=disks").unwrap();
        assert_eq!(found.to_string(), "rbd:pool=disks,conf=/etc/ceph/ceph.conf,user=admin");
        let whole = "rbd:pool=p.1,conf=/a/ceph.conf,user=host-a,keyring=/a/key";
        assert_eq!(RbdOptions::parse(whole).unwrap().to_string(), whole);
        for (wrong, why) in [
            ("disks", "is not rbd:"),
            ("rbd:", "none of pool"),
            ("rbd:conf=/a", "a pool is missing"),
            ("rbd:pool=", "wants one value"),
            ("rbd:pool=a,pool=b", "wants one value"),
            ("rbd:pool=a/b", "has other than"),
            ("rbd:pool=-a", "has other than"),
            ("rbd:pool=a,conf=ceph.conf", "no absolute path"),
            ("rbd:pool=a,size=3", "none of pool"),
        ] {
            let found = RbdOptions::parse(wrong).unwrap_err();
            assert!(found.contains(why), "{wrong}: {found}");
        }
    }
}
