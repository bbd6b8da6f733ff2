//! Draft.
use std::path::Path;
/// Wish.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Wish {
    /// Auto.
    #[default]
    Auto,
    /// Kvm.
    Kvm,
    /// Tcg.
    Tcg,
}
/// Accel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accel {
    /// Kvm.
    Kvm,
    /// Tcg.
    Tcg,
}
impl Accel {
    /// Word.
    pub fn as_str(self) -> &'static str {
        match self {
            Accel::Kvm => "kvm",
            Accel::Tcg => "tcg",
        }
    }
}
/// Choice.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Accel.
    pub accel: Accel,
    /// Model.
    pub cpu_model: &'static str,
    /// Remark.
    pub remark: Option<String>,
}
/// Choose.
pub async fn choose(_: &Path, _: Wish) -> Result<Choice, String> {
    Ok(Choice { accel: Accel::Tcg, cpu_model: "max", remark: None })
}
