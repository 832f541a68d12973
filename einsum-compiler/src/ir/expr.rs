//! The resolved expression: arrays whose axes are indices, and the product of the operands.

use std::fmt;

/// An index: what a label names. Its position in [`Expr::indices`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexId(pub usize);

/// An array of the call: its position in [`Expr::arrays`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArrayId(pub usize);

/// An einsum: the product of its operands, and all arrays of a call about it.
#[derive(Clone, Debug)]
pub struct Expr {
    /// All indices, in order of their first appearance.
    pub indices: Vec<Index>,
    /// The operands in order; then the cotangent, the tangents, and the existing outputs, as far as the call has them.
    pub arrays: Vec<Array>,
    /// The value.
    pub product: Product,
}

/// An index with all that is known of its extent.
#[derive(Clone, Debug)]
pub struct Index {
    /// The label as written; `...` for the ellipsis.
    pub label: String,
    /// Whether it stands for the axes of the ellipsis, any number of them, which broadcast.
    pub is_ellipsis: bool,
    /// The extent given in the options.
    pub given: Option<Given>,
    /// Every axis along this index alone. All of them, and `given`, must agree.
    pub sites: Vec<Site>,
}

/// An extent given in the options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given {
    /// Its value, if it is an integer literal.
    pub literal: Option<usize>,
    /// Which option of the call it is.
    pub position: usize,
}

/// An axis of an array of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// The array.
    pub array: ArrayId,
    /// The axis, not counting an ellipsis.
    pub axis: usize,
}

/// An array of the call.
#[derive(Clone, Debug)]
pub struct Array {
    /// What it is to the call.
    pub role: Role,
    /// Its axes.
    pub term: Term,
    /// The term as written.
    pub text: String,
    /// Whether the call takes it. One that it does not take has no elements, and no [`Site`] is in it.
    pub is_taken: bool,
}

/// What an array is to the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The operand of this number.
    Operand(usize),
    /// The cotangent of the value.
    Cotangent,
    /// The tangent of the operand of this number.
    Tangent(usize),
    /// The existing array that the result of this number goes to.
    Output(usize),
}

/// The axes of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Its axes; the ellipsis stands among them as its index.
    pub axes: Vec<Axis>,
}

/// One axis of a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Axis {
    /// An axis along an index, or all axes of the ellipsis.
    Index(IndexId),
    /// An axis of extent one.
    Unit,
    /// An axis along the sum of several indices.
    Window(Window),
    /// An axis along several indices, whose extents multiply to its own; the last one is the fastest.
    Composed(Vec<IndexId>),
}

/// The positions `Σ coefficient · index + offset` of an axis. Outside of the axis an operand is zero where the offset is
/// negative, and nothing is read where it is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// At least one; an index can be in several.
    pub terms: Vec<WindowTerm>,
    /// The position where all indices are at 0.
    pub offset: isize,
    /// As written, without the parentheses.
    pub text: String,
    /// The axis of an operand that it was written for. A gradient or tangent of the operand has the same extent there.
    pub site: Site,
}

/// An index with its coefficient, `factor · scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowTerm {
    /// Positive.
    pub factor: usize,
    /// The index whose extent multiplies the factor. No axis runs along it.
    pub scale: Option<IndexId>,
    /// The index.
    pub index: IndexId,
}

impl Axis {
    /// Whether this is a window or composed axis.
    #[must_use]
    pub fn is_several(&self) -> bool {
        matches!(self, Axis::Window(_) | Axis::Composed(_))
    }

    /// The indices that the axis runs along, which may repeat.
    #[must_use]
    pub fn indices(&self) -> Vec<IndexId> {
        match self {
            Axis::Index(index) => vec![*index],
            Axis::Unit => Vec::new(),
            Axis::Window(window) => window.terms.iter().map(|term| term.index).collect(),
            Axis::Composed(indices) => indices.clone(),
        }
    }
}

/// `result[output] = Σ Π factors`, summed over every index that the output lacks.
#[derive(Clone, Debug)]
pub struct Product {
    /// At least one.
    pub factors: Vec<Factor>,
    /// The axes of the result.
    pub output: Term,
}

/// One factor of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor {
    /// The array.
    pub array: ArrayId,
    /// Whether its elements are conjugated.
    pub conj: bool,
}

impl Term {
    /// The distinct indices of the term, in order of appearance.
    #[must_use]
    pub fn indices(&self) -> Vec<IndexId> {
        let mut indices = Vec::new();
        for index in self.axes.iter().flat_map(Axis::indices) {
            if !indices.contains(&index) {
                indices.push(index);
            }
        }
        indices
    }

    /// Whether the term has an axis along `index`.
    #[must_use]
    pub fn contains(&self, index: IndexId) -> bool {
        self.axes.iter().any(|axis| axis.indices().contains(&index))
    }

    /// Whether some index occurs twice.
    #[must_use]
    pub fn has_diagonal(&self) -> bool {
        self.axes.iter().flat_map(Axis::indices).count() != self.indices().len()
    }

    /// Whether every axis runs along one index at most.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        !self.axes.iter().any(Axis::is_several)
    }
}

impl Expr {
    /// The index of the ellipsis, if any term has one.
    #[must_use]
    pub fn ellipsis(&self) -> Option<IndexId> {
        self.indices.iter().position(|index| index.is_ellipsis).map(IndexId)
    }

    /// How many axes a term has besides the ellipsis.
    #[must_use]
    pub fn named_rank(&self, term: &Term) -> usize {
        term.axes.len() - usize::from(self.ellipsis_position(term).is_some())
    }

    /// How many axes stand before the ellipsis of a term.
    #[must_use]
    pub fn ellipsis_position(&self, term: &Term) -> Option<usize> {
        let ellipsis = Axis::Index(self.ellipsis()?);
        term.axes.iter().position(|axis| *axis == ellipsis)
    }

    /// The axes of a term without the ellipsis: the axes that [`Site`] numbers.
    pub fn named_axes(&self, term: &Term) -> impl Iterator<Item = Axis> {
        let ellipsis = self.ellipsis().map(Axis::Index);
        term.axes.clone().into_iter().filter(move |axis| Some(axis) != ellipsis.as_ref())
    }

    /// The axes that tell the extents of indices in the next round, where those of `known` indices are: axes of operands of
    /// which all other indices are known. Composed axes come in earlier rounds than windows, since they leave no choice.
    #[must_use]
    pub fn telling(&self, known: &[bool]) -> Vec<(Site, IndexId)> {
        let mut telling: Vec<(Site, IndexId)> = Vec::new();
        let mut is_exact = false;
        for (number, array) in self.arrays.iter().enumerate() {
            if !matches!(array.role, Role::Operand(_)) {
                continue;
            }
            for (axis, kind) in self.named_axes(&array.term).enumerate() {
                let exact = match kind {
                    Axis::Index(_) | Axis::Unit => continue,
                    Axis::Window(_) => false,
                    Axis::Composed(_) => true,
                };
                let mut unknown = kind.indices();
                unknown.retain(|index| !known[index.0]);
                if !exact {
                    // A window reaches as far as all terms of an index together.
                    unknown.dedup();
                }
                if let [only] = unknown[..] {
                    if exact && !is_exact {
                        telling.clear();
                        is_exact = true;
                    }
                    if exact == is_exact {
                        telling.push((Site { array: ArrayId(number), axis }, only));
                    }
                }
            }
        }
        telling
    }

    /// Whether the extent of an index is known before any round: given, or that of an operand's axis.
    #[must_use]
    pub fn is_known(&self, index: &Index) -> bool {
        let is_operand = |site: &Site| matches!(self.arrays[site.array.0].role, Role::Operand(_));
        index.is_ellipsis || index.given.is_some() || index.sites.iter().any(is_operand)
    }

    /// The operands to whose broadcast the ellipsis of an array extends; none without an ellipsis.
    #[must_use]
    pub fn ellipsis_of(&self, array: ArrayId) -> Vec<ArrayId> {
        if self.ellipsis_position(&self.arrays[array.0].term).is_none() {
            return Vec::new();
        }
        match self.arrays[array.0].role {
            Role::Operand(_) => vec![array],
            Role::Tangent(operand) => vec![self.operand(operand)],
            Role::Cotangent => self.broadcast(),
            Role::Output(_) => unreachable!("an output is not read"),
        }
    }

    /// The operands that have an ellipsis, to whose broadcast that of the value extends.
    #[must_use]
    pub fn broadcast(&self) -> Vec<ArrayId> {
        let factors = self.product.factors.iter().map(|factor| factor.array);
        factors
            .filter(|array| self.ellipsis_position(&self.arrays[array.0].term).is_some())
            .collect()
    }

    /// The array of an operand.
    #[must_use]
    pub fn operand(&self, number: usize) -> ArrayId {
        self.product.factors[number].array
    }

    /// The axes of an intermediate along indices: an ellipsis, the outermost loops of most nests, leads.
    #[must_use]
    pub fn along(&self, mut indices: Vec<IndexId>) -> Term {
        indices.sort_by_key(|index| !self.indices[index.0].is_ellipsis);
        Term { axes: indices.into_iter().map(Axis::Index).collect() }
    }

    /// Asserts what every stage after `resolve` relies on.
    pub fn verify(&self) {
        debug_assert!(self.indices.iter().filter(|index| index.is_ellipsis).count() <= 1);
        for (number, index) in
            self.indices.iter().enumerate().filter(|(_, index)| !index.is_ellipsis)
        {
            let has_extent = !index.sites.is_empty() || index.given.is_some();
            let mut terms = self.arrays.iter().map(|array| &array.term);
            debug_assert!(
                has_extent || terms.any(|term| term.contains(IndexId(number))),
                "{}",
                index.label
            );
        }
        debug_assert!(!self.product.factors.is_empty());
        let terms = self.arrays.iter().map(|array| &array.term);
        for term in terms.chain([&self.product.output]) {
            for axis in &term.axes {
                for IndexId(index) in axis.indices() {
                    debug_assert!(index < self.indices.len());
                }
            }
        }
    }

    /// Writes the labels of a term.
    pub fn write_term(&self, f: &mut fmt::Formatter<'_>, term: &Term) -> fmt::Result {
        for (position, axis) in term.axes.iter().enumerate() {
            f.write_str(if position > 0 { " " } else { "" })?;
            match axis {
                Axis::Index(IndexId(index)) => f.write_str(&self.indices[*index].label)?,
                Axis::Unit => f.write_str("1")?,
                Axis::Window(window) => write!(f, "({})", window.text)?,
                Axis::Composed(_) => write!(f, "({})", self.axis_text(axis))?,
            }
        }
        Ok(())
    }

    /// An axis as written, without parentheses.
    #[must_use]
    pub fn axis_text(&self, axis: &Axis) -> String {
        let label = |index: &IndexId| self.indices[index.0].label.as_str();
        match axis {
            Axis::Index(index) => label(index).to_owned(),
            Axis::Unit => "1".to_owned(),
            Axis::Window(window) => window.text.clone(),
            Axis::Composed(indices) => indices.iter().map(label).collect::<Vec<_>>().join(" "),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Role::Operand(number) => write!(f, "operand {number}"),
            Role::Cotangent => f.write_str("cotangent"),
            Role::Tangent(number) => write!(f, "tangent {number}"),
            Role::Output(number) => write!(f, "output {number}"),
        }
    }
}

impl fmt::Display for Expr {
    /// Writes the product: `[i k] = operand 0[i j] * operand 1[j k]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        self.write_term(f, &self.product.output)?;
        f.write_str("] =")?;
        for (position, factor) in self.product.factors.iter().enumerate() {
            let array = &self.arrays[factor.array.0];
            f.write_str(if position > 0 { " * " } else { " " })?;
            write!(f, "{}{}[", if factor.conj { "conj " } else { "" }, array.role)?;
            self.write_term(f, &array.term)?;
            f.write_str("]")?;
        }
        f.write_str("\n")
    }
}
