//! The language of display names, and other words that several of these actions know.

use crate::catalog::choice;

choice!(
    /// Languages that can be asked for. The inventory has names in Chinese and in English.
    pub(crate) enum DisplayLanguage {
        Chinese = "zh-CN",
        English = "en-US",
        Japanese = "ja",
        TraditionalChinese = "zh-TW",
        French = "fr",
        German = "de",
        Korean = "ko",
    }
);

impl DisplayLanguage {
    /// The name in the language that comes closest.
    pub(crate) fn pick(asked: Option<DisplayLanguage>, chinese: &str, english: &str) -> String {
        let name = match asked.unwrap_or(DisplayLanguage::Chinese) {
            DisplayLanguage::Chinese | DisplayLanguage::TraditionalChinese => chinese,
            DisplayLanguage::English
            | DisplayLanguage::Japanese
            | DisplayLanguage::French
            | DisplayLanguage::German
            | DisplayLanguage::Korean => english,
        };
        name.to_owned()
    }
}

choice!(
    /// How a spot instance bids.
    pub(crate) enum SpotStrategy {
        NoSpot = "NoSpot",
        SpotWithPriceLimit = "SpotWithPriceLimit",
        SpotAsPriceGo = "SpotAsPriceGo",
    }
);
