//! Words of enumerations that users see and type: the names of the variants.

/// Gives enumerations a list of their variants and a list of their words.
macro_rules! words {
    ($($name:ident),+) => {$(
        impl $name {
            /// Every variant, in order of declaration.
            pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

            /// The words of [`Self::ALL`], in the same order.
            pub const NAMES: &'static [&'static str] = <Self as strum::VariantNames>::VARIANTS;

            /// Returns the word that users see.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                self.into()
            }
        }
    )+};
}
pub(crate) use words;
