//! Blocks of tiles whose X is packed: their panels, then the sweeps over these.

use core::ops::Range;

use super::blocks::block;
use super::collected::Sums;
use super::execute::{Execution, Task};
use super::loops::{Loop, points};
use super::pack::{Source, pack};
use super::plan::Panels;
use super::rows::{Vectors, fill_packed, fill_rows};
use super::sweep::sweep;

/// The columns of packed products that run against all tiles of a block, one after the other.
pub(super) const STRIP: usize = 48;

/// As many for products of many steps on processors that read far slowly: two tiles, which stay in the first-level cache. So what a
/// block of panels has comes back after a short while, before others who share the second-level cache have pushed it out.
pub(super) const SHORT_STRIP: usize = 12;

impl Execution<'_> {
    /// Packs and runs the part's tiles.
    ///
    /// # Safety
    ///
    /// As [`execute`](super::execute::execute), with tables of columns and of `count` steps from `step` on.
    pub(super) unsafe fn packed_tiles(
        &mut self,
        task: Task,
        panels: &Panels,
        step: usize,
        count: usize,
    ) {
        let (machine, plan) = (self.machine, self.plan);
        let (rows, points_apart) = (self.part.rows.clone(), self.part.apart.clone());
        let x = task.x.wrapping_offset(self.step_x);
        let holds_all = rows.len() <= plan.tile_block
            && points_apart.len() <= panels.apart_block
            && plan.step_block >= points(&plan.steps);
        if panels.is_near {
            // SAFETY: the caller's duties.
            unsafe { self.copy_near(count, panels.strip) };
        }
        let is_packed = holds_all && self.packed == x;
        self.packed = if holds_all { x } else { core::ptr::null() };
        let mut tile = rows.start;
        while tile < rows.end {
            let end = rows.end.min(tile + plan.tile_block);
            let mut apart = points_apart.start;
            while apart < points_apart.end {
                let apart_end = points_apart.end.min(apart + panels.apart_block);
                // SAFETY: the caller's duties; panels have room for a block of tiles and of `apart`.
                unsafe {
                    let mut t = if is_packed { end } else { tile };
                    while t < end {
                        let at = self.vectors_before(t);
                        let vectors = self.vectors_before(t + 1) - at;
                        let mut walk = Vectors::from(machine, plan, at);
                        let row_count = fill_rows(machine, self.rows, &mut walk, vectors);
                        let source = Source {
                            x,
                            rows: self.rows,
                            row_count,
                            steps: self.source_steps,
                            step_count: count,
                            loops: &plan.steps,
                            first: step,
                            panels,
                            step_bytes: panels.step_bytes * machine.steps_of_point(),
                            apart: apart..apart_end,
                        };
                        pack(machine, self.panel(panels, t - tile, 0), &source);
                        self.rotate(panels, t - tile, apart_end - apart, count);
                        t += 1;
                    }
                    self.sweep_panels(task, panels, tile..end, apart..apart_end);
                }
                apart = apart_end;
            }
            tile = end;
        }
    }

    /// Prepares the panels of a tile for complex products.
    ///
    /// # Safety
    ///
    /// The panels have been packed.
    unsafe fn rotate(&mut self, panels: &Panels, tile: usize, apart: usize, steps: usize) {
        let Some(factors) = &self.task.factors else { return };
        let mut a = 0;
        while a < apart {
            let panel = self.panel(panels, tile, a);
            // SAFETY: the caller's duties; a panel has twice the rows for complex numbers.
            unsafe { (self.machine.kernels.rotate)(panel, steps, panels.step_bytes, factors) };
            a += 1;
        }
    }

    /// Runs packed tiles: a strip of columns against all of them, so that its part of Y is read from afar once.
    ///
    /// # Safety
    ///
    /// As [`execute`](super::execute::execute), with tables of columns and steps, and panels for `tiles` and `apart`.
    unsafe fn sweep_panels(
        &mut self,
        task: Task,
        panels: &Panels,
        tiles: Range<usize>,
        apart: Range<usize>,
    ) {
        let (machine, plan) = (self.machine, self.plan);
        let at = self.vectors_before(tiles.start);
        let mut walk = Vectors::from(machine, plan, at);
        let mut filled = 0;
        let mut tile = tiles.start;
        while tile < tiles.end {
            let count = self.vectors_before(tile + 1) - self.vectors_before(tile);
            // SAFETY: the table has room for the vectors of a block of tiles.
            unsafe { fill_packed(machine, self.vectors.add(filled), &mut walk, count) };
            filled += count;
            tile += 1;
        }
        let y = self.arguments.y;
        let columns = self.column_count;
        let strip = if panels.is_near { panels.strip } else { block(columns, panels.strip) };
        let table = if panels.is_near { self.near_columns } else { self.columns };
        let mut column = 0;
        while column < columns {
            let count = strip.min(columns - column);
            // SAFETY: the table has a block of columns.
            let cut = unsafe { self.cut(column, count) };
            let mut tile = tiles.start;
            while tile < tiles.end {
                let before = self.vectors_before(tile);
                let count = self.vectors_before(tile + 1) - before;
                let mut a = apart.start;
                while a < apart.end {
                    self.arguments.x = self.panel(panels, tile - tiles.start, a - apart.start);
                    let Loop { y: y_apart, c, .. } = panels.apart;
                    self.arguments.y = y.wrapping_offset(y_apart * a.cast_signed());
                    self.arguments.c = task.c.wrapping_offset(c * a.cast_signed());
                    // SAFETY: the caller's duties.
                    unsafe {
                        let vectors = self.vectors.add(before - at);
                        let columns = table.add(column);
                        if let Some(adjacent) = panels.collected {
                            let sums = Sums { row: before * machine.rows_of_vector(), adjacent };
                            self.collect(&sums, vectors, count, columns, &cut);
                        } else {
                            let arguments = &mut self.arguments;
                            sweep(&self.kernels, arguments, vectors, count, columns, &cut);
                        }
                    }
                    a += 1;
                }
                tile += 1;
            }
            column += count;
        }
        self.arguments.y = y;
    }

    fn panel(&self, panels: &Panels, tile: usize, apart: usize) -> *mut u8 {
        self.panels.wrapping_add((tile * panels.apart_block + apart) * panels.panel_bytes)
    }
}
