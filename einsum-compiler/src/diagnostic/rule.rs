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
    /// A signature has an output.
    MissingArrow = "signature"/"missing_arrow",
    /// The type of a parameter is a term, or `usize`.
    TermNotString = "signature"/"term_not_string",
    /// The string of a parameter is one term.
    NotOneTerm = "signature"/"not_one_term",
    /// `<` and `>` hold the element type.
    NotAnElement = "signature"/"not_an_element",
    /// An extent in a signature is a literal.
    ExtentNotLiteral = "signature"/"extent_not_literal",
    /// `no_grad` and `hvp` have no arguments.
    AttributeArgument = "signature"/"attribute_argument",
    /// `no_grad` is for a parameter, `hvp` for a function, and parameters have no other attribute.
    MisplacedAttribute = "signature"/"misplaced_attribute",
    /// A function has operands.
    NoOperands = "signature"/"no_operands",
    /// Parameters have names of their own.
    SecondName = "signature"/"second_name",
    /// Emitted functions have names of their own.
    NameClash = "signature"/"name_clash",
    /// An operand is not called as an extent.
    OperandIsExtent = "signature"/"operand_is_extent",
    /// An extent is for a label of the signature.
    UnusedExtent = "signature"/"unused_extent",
    /// Some operand has a gradient.
    NoGradient = "signature"/"no_gradient",
    /// Only a product of several operands has second derivatives.
    LinearHvp = "signature"/"linear_hvp",
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
