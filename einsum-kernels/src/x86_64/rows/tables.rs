//! Numbers that the kernels read.

/// How far to shift the bits of a step's masks to the left, for a vector's lanes to be the highest ones: of 4 bytes, for two
/// vectors in as many, and of 8 bytes, for four.
#[repr(C, align(32))]
pub(super) struct Shifts([[u32; 8]; 2], [[u64; 4]; 4]);
pub(super) static SHIFTS: Shifts = {
    let mut shifts = Shifts([[0; 8]; 2], [[0; 4]; 4]);
    let mut lane = 0;
    while lane < 8 {
        let mut vector = 0;
        while vector < 4 {
            if vector < 2 {
                shifts.0[vector][lane] = 31 - (16 * vector + lane) as u32;
            }
            if lane < 4 {
                shifts.1[vector][lane] = 63 - (16 * vector + lane) as u64;
            }
            vector += 1;
        }
        lane += 1;
    }
    shifts
};

/// Which elements are every second, third, and fourth one: of two vectors the first indices, and with what these choose of a
/// third and a fourth one the next. For elements of 4 bytes in vectors of 32 and of 64, and of 8 bytes.
#[repr(C, align(64))]
pub(super) struct Indices([[[[u32; 16]; 3]; 3]; 2], [[[[u64; 8]; 3]; 3]; 2]);
pub(super) static INDICES: Indices = {
    let mut indices = Indices([[[[0; 16]; 3]; 3]; 2], [[[[0; 8]; 3]; 3]; 2]);
    let mut at = 0;
    // The half of it for vectors of 64 bytes, the step less 2, the vector less 1, and the lane.
    while at < 2 * 3 * 3 * 16 {
        let [half, step, vector, lane] = [at / 144, at / 48 % 3, at / 16 % 3, at % 16];
        indices.0[half][step][vector][lane] = index(step + 2, vector, lane, 8 << half) as u32;
        if lane < 8 {
            indices.1[half][step][vector][lane] = index(step + 2, vector, lane, 4 << half) as u64;
        }
        at += 1;
    }
    indices
};

/// What takes a lane's element from the vectors before, or from the next one.
const fn index(step: usize, vector: usize, lane: usize, width: usize) -> usize {
    let from = step * lane;
    match from / width {
        0 | 1 if vector == 0 => from,
        of if of == vector + 1 => width + from % width,
        _ => lane,
    }
}
