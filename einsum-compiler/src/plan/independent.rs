//! Graphs whose results are planned one by one: each a sum of products of arrays, with an order of its own.
//!
//! They share what they happen to have in common. For two operands they are the same as derivatives of a graph, or cheaper.

use super::orders::{Order, Supposed, frequent, searched};
use super::{path, shape};
use crate::ir::expr::{ArrayId, Expr, Factor, Product, Role};
use crate::ir::graph::{Graph, Step, Tensor};
use crate::ir::request::{Request, Wanted};

/// With more products, their orders are not searched one by one: those of a graph that shares more are cheaper.
const PRODUCTS: usize = 8;

/// The most factors of a product of which the best orders for different extents are looked for, and in how many ways.
const FACTORS: usize = 4;
const WAYS: usize = 16;

/// The most choices of orders for all products that are compared: those that are best in the most ways of extents.
const CHOICES: usize = 4;

/// Returns the graph that is best as all extents grow together, and those that are best in some way of extents.
pub(super) fn graphs(expr: &Expr, request: &Request, supposed: &Supposed) -> Vec<Graph> {
    if request.results == [Wanted::Value] {
        return Vec::new();
    }
    let products: Vec<Vec<Product>> =
        request.results.iter().map(|&wanted| products(expr, wanted)).collect();
    if products.iter().flatten().count() > PRODUCTS {
        return Vec::new();
    }
    // Of a product of many factors, only the order that is best as all extents grow together.
    let factors = products.iter().flatten().map(|product| product.factors.len()).max();
    let ways = if factors.is_some_and(|factors| factors <= FACTORS) { WAYS } else { 0 };
    let supposed = &supposed.few(ways);
    let found: Vec<Vec<(Order, Vec<Order>)>> = products
        .iter()
        .map(|of_result| {
            of_result.iter().map(|product| searched(expr, product, supposed)).collect()
        })
        .collect();
    let ways = found.iter().flatten().map(|(_, ways)| ways.len()).max().unwrap_or(0);
    // The order of every product, in one way of extents or none.
    let choice = |way: Option<usize>| -> Vec<&Order> {
        let products = found.iter().flatten();
        products.map(|(first, ways)| way.and_then(|way| ways.get(way)).unwrap_or(first)).collect()
    };
    let mut choices = vec![choice(None)];
    choices.extend(frequent((0..ways).map(|way| choice(Some(way))).collect(), CHOICES));
    let graph = |orders: Vec<&Order>| {
        let mut graph = Graph::default();
        let mut orders = orders.into_iter();
        for (number, of_result) in products.iter().enumerate() {
            let (axes, ellipsis) = shape(expr, request.results[number]);
            let mut steps: Vec<Step> = Vec::new();
            for (product, order) in of_result.iter().zip(&mut orders) {
                steps.push(path::contract(expr, &mut graph, product, &ellipsis, order));
            }
            let result = graph.add(Tensor { axes, ellipsis, steps });
            graph.results.push(result);
        }
        graph.pruned()
    };
    choices.into_iter().map(graph).collect()
}

/// The products whose sum is a result.
fn products(expr: &Expr, wanted: Wanted) -> Vec<Product> {
    let arrays = || expr.arrays.iter().enumerate();
    let cotangent = arrays().find(|(_, array)| array.role == Role::Cotangent);
    let mut tangents: Vec<(ArrayId, ArrayId)> = Vec::new();
    for (number, array) in arrays() {
        if let Role::Tangent(operand) = array.role {
            tangents.push((expr.operand(operand), ArrayId(number)));
        }
    }
    let value = &expr.product;
    let product = match wanted {
        Wanted::Value | Wanted::Tangent => value.clone(),
        Wanted::Gradient(operand) | Wanted::GradientTangent(operand) => {
            let operand = expr.operand(operand);
            let others = value.factors.iter().filter(|factor| factor.array != operand);
            let others = others.map(|factor| Factor { conj: !factor.conj, ..*factor });
            let cotangent =
                cotangent.map(|(number, _)| Factor { array: ArrayId(number), conj: false });
            Product {
                factors: cotangent.into_iter().chain(others).collect(),
                output: expr.arrays[operand.0].term.clone(),
            }
        }
    };
    if !wanted.is_along_tangents() {
        return vec![product];
    }
    let mut moved = Vec::new();
    for (operand, tangent) in tangents {
        if let Some(position) = product.factors.iter().position(|factor| factor.array == operand) {
            let mut product = product.clone();
            product.factors[position].array = tangent;
            moved.push(product);
        }
    }
    moved
}
