//! The rules that a macro call can break.

/// Declares [`Rule`] with its list and names.
macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $stage:literal / $name:literal,)*) => {
        /// A rule that a macro call can break.
        ///
        /// Every rule has a compile-fail case `tests/ui/<stage>/<name>.rs`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[$doc])* $rule,)*
        }

        impl Rule {
            /// All rules.
            pub const ALL: &[Rule] = &[$(Rule::$rule,)*];

            /// The stage that checks the rule and the rule's name in its test: `parse/half_arrow`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Rule::$rule => concat!($stage, "/", $name),)*
                }
            }
        }
    };
}

rules! {
    /// A call needs arguments.
    NoArguments = "parse"/"no_arguments",
    /// The first argument is a string literal.
    NotAString = "parse"/"not_a_string",
    /// The first argument is a literal, not the name of a constant.
    NamedString = "parse"/"named_string",
    /// The rest is Rust: whatever `syn` refuses.
    Syntax = "parse"/"syntax",
    /// `einsum_grad!` needs a cotangent.
    MissingCotangent = "parse"/"missing_cotangent",
    /// `einsum_into!` needs an output.
    MissingOutput = "parse"/"missing_output",
    /// Only `einsum_into!` takes an output.
    UnexpectedOutput = "parse"/"unexpected_output",
    /// An option is `name = value`.
    MalformedOption = "parse"/"malformed_option",
    /// A literal extent is an integer.
    ExtentNotInteger = "parse"/"extent_not_integer",
    /// The index string has its own alphabet.
    BadCharacter = "parse"/"bad_character",
    /// An arrow is `->`.
    HalfArrow = "parse"/"half_arrow",
    /// There is one arrow.
    SecondArrow = "parse"/"second_arrow",
    /// There is one output.
    SecondOutput = "parse"/"second_output",
    /// An ellipsis is `...`.
    HalfEllipsis = "parse"/"half_ellipsis",
    /// A term has one ellipsis.
    SecondEllipsis = "parse"/"second_ellipsis",
    /// The only number is `1`, and no label begins with a digit.
    BadNumber = "parse"/"bad_number",
    /// Parentheses come in pairs and do not nest.
    Parentheses = "parse"/"parentheses",
    /// Parentheses hold something.
    EmptyParentheses = "parse"/"empty_parentheses",
    /// A window is a sum of labels with positive coefficients and of numbers.
    WindowAxis = "parse"/"window_axis",
    /// A composed axis is a list of labels.
    ComposedAxis = "parse"/"composed_axis",
    /// Only letters have an implicit output.
    ImplicitOutput = "resolve"/"implicit_output",
    /// There is one term an operand.
    OperandCount = "resolve"/"operand_count",
    /// A call has at most so many operands, labels, and axes of a term.
    TooMany = "resolve"/"too_many",
    /// An empty term is for a scalar.
    EmptyTerm = "resolve"/"empty_term",
    /// An output label is in an operand, or its extent is given.
    UnknownOutputLabel = "resolve"/"unknown_output_label",
    /// An ellipsis of the output is in an operand.
    UnknownEllipsis = "resolve"/"unknown_ellipsis",
    /// A coefficient with a name has its value given, and is no label.
    Coefficient = "resolve"/"coefficient",
    /// The output has no windows.
    WindowOutput = "resolve"/"window_output",
    /// Every extent is that of an axis, given, or the only unknown one of a window or composed axis.
    AmbiguousExtent = "resolve"/"ambiguous_extent",
    /// An option is for a label of the string.
    UnknownOption = "resolve"/"unknown_option",
    /// An option is given once.
    SecondOption = "check"/"second_option",
    /// Only `einsum_into!` scales.
    ScaleElsewhere = "check"/"scale_elsewhere",
    /// A label that is called `alpha` or `beta` and the scale are told apart.
    ScaleIsLabel = "check"/"scale_is_label",
    /// A view only permutes axes and takes diagonals.
    NotAView = "check"/"not_a_view",
}
