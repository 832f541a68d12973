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
    /// Every axis that has this index. All of them, and `given`, must agree.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// An axis along an index, or all axes of the ellipsis.
    Index(IndexId),
    /// An axis of extent one.
    Unit,
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
        for axis in &self.axes {
            if let Axis::Index(index) = *axis
                && !indices.contains(&index)
            {
                indices.push(index);
            }
        }
        indices
    }

    /// Whether the term has an axis along `index`.
    #[must_use]
    pub fn contains(&self, index: IndexId) -> bool {
        self.axes.contains(&Axis::Index(index))
    }

    /// Whether some index stands on two axes.
    #[must_use]
    pub fn has_diagonal(&self) -> bool {
        let along = self.axes.iter().filter(|axis| **axis != Axis::Unit).count();
        along != self.indices().len()
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
        term.axes.clone().into_iter().filter(move |axis| Some(*axis) != ellipsis)
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
        for index in self.indices.iter().filter(|index| !index.is_ellipsis) {
            debug_assert!(!index.sites.is_empty() || index.given.is_some(), "{}", index.label);
        }
        debug_assert!(!self.product.factors.is_empty());
        let terms = self.arrays.iter().map(|array| &array.term);
        for term in terms.chain([&self.product.output]) {
            for axis in &term.axes {
                if let Axis::Index(IndexId(index)) = *axis {
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
            }
        }
        Ok(())
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
