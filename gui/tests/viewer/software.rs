//! Draws what egui would have a graphics card draw: the same pixels on every machine.

use std::collections::HashMap;

use eframe::egui::epaint::{ClippedPrimitive, ImageData, Primitive, Vertex};
use eframe::egui::{Color32, Context, FullOutput, Pos2, Rect, TextureId, TexturesDelta, pos2};
use egui_kittest::TestRenderer;
use image::{Rgba, RgbaImage};

#[derive(Debug, Default)]
struct Texture {
    width: usize,
    height: usize,
    pixels: Vec<Color32>,
}

/// A renderer without any hardware.
#[derive(Debug, Default)]
pub(crate) struct Software {
    textures: HashMap<TextureId, Texture>,
}

impl TestRenderer for Software {
    #[expect(clippy::iter_over_hash_type, reason = "textures do not depend on each other")]
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        for (id, patches) in delta.set.drain() {
            let texture = self.textures.entry(id).or_default();
            for patch in patches {
                let ImageData::Color(image) = &patch.image;
                let [width, height] = image.size;
                let Some([left, top]) = patch.pos else {
                    *texture = Texture { width, height, pixels: image.pixels.clone() };
                    continue;
                };
                for y in 0..height {
                    let to = (top + y) * texture.width + left;
                    texture.pixels[to..to + width]
                        .copy_from_slice(&image.pixels[y * width..(y + 1) * width]);
                }
            }
        }
        for id in delta.free.drain() {
            self.textures.remove(&id);
        }
    }

    fn render(&mut self, ctx: &Context, output: &FullOutput) -> Result<RgbaImage, String> {
        let scale = ctx.pixels_per_point();
        let size = ctx.content_rect().size() * scale;
        let mut image =
            RgbaImage::from_pixel(size.x.round() as u32, size.y.round() as u32, Rgba([0; 4]));
        for ClippedPrimitive { clip_rect, primitive } in
            ctx.tessellate(output.shapes.clone(), scale)
        {
            let Primitive::Mesh(mesh) = primitive else {
                return Err("nothing here draws by itself".to_owned());
            };
            let texture = self.textures.get(&mesh.texture_id).ok_or("an unknown texture")?;
            let clip = Rect::from_min_max(
                pos2((clip_rect.min.x * scale).round(), (clip_rect.min.y * scale).round()),
                pos2((clip_rect.max.x * scale).round(), (clip_rect.max.y * scale).round()),
            );
            for corners in mesh.indices.chunks_exact(3) {
                let corner = |at: usize| mesh.vertices[corners[at] as usize];
                triangle(&mut image, texture, [corner(0), corner(1), corner(2)], scale, clip);
            }
        }
        Ok(image)
    }
}

/// Twice the area of a triangle; negative if its corners go round the other way.
fn area(a: Pos2, b: Pos2, c: Pos2) -> f32 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

fn triangle(
    image: &mut RgbaImage,
    texture: &Texture,
    corners: [Vertex; 3],
    scale: f32,
    clip: Rect,
) {
    let mut corners = corners.map(|mut vertex| {
        vertex.pos = (vertex.pos.to_vec2() * scale).to_pos2();
        vertex
    });
    if area(corners[0].pos, corners[1].pos, corners[2].pos) < 0.0 {
        corners.swap(1, 2);
    }
    let [a, b, c] = corners.map(|vertex| vertex.pos);
    let whole = area(a, b, c);
    if whole <= 0.0 {
        return;
    }
    let bounds = Rect::from_points(&[a, b, c]).intersect(clip).intersect(Rect::from_min_max(
        Pos2::ZERO,
        pos2(image.width() as f32, image.height() as f32),
    ));
    // Of two triangles that share an edge only one covers a pixel whose middle lies on it.
    let owns = |from: Pos2, to: Pos2| to.y < from.y || (to.y == from.y && to.x > from.x);
    let covers = |value: f32, from, to| value > 0.0 || (value == 0.0 && owns(from, to));
    for y in bounds.top().floor() as i64..bounds.bottom().ceil() as i64 {
        for x in bounds.left().floor() as i64..bounds.right().ceil() as i64 {
            let at = pos2(x as f32 + 0.5, y as f32 + 0.5);
            if !clip.contains(at) {
                continue;
            }
            let parts = [area(b, c, at), area(c, a, at), area(a, b, at)];
            if !(covers(parts[0], b, c) && covers(parts[1], c, a) && covers(parts[2], a, b)) {
                continue;
            }
            let Some(pixel) = image.get_pixel_mut_checked(x as u32, y as u32) else { continue };
            let shares = parts.map(|part| part / whole);
            let mix = |of: fn(&Vertex) -> f32| -> f32 {
                corners.iter().zip(shares).map(|(vertex, share)| of(vertex) * share).sum()
            };
            let (u, v) = (mix(|vertex| vertex.uv.x), mix(|vertex| vertex.uv.y));
            let texel = texture.at(u, v);
            let colour = [
                mix(|vertex| f32::from(vertex.color.r())) * texel[0],
                mix(|vertex| f32::from(vertex.color.g())) * texel[1],
                mix(|vertex| f32::from(vertex.color.b())) * texel[2],
                mix(|vertex| f32::from(vertex.color.a())) * texel[3],
            ];
            let through = 1.0 - colour[3] / 255.0;
            for (channel, over) in pixel.0.iter_mut().zip(colour) {
                *channel = (over + f32::from(*channel) * through).round().clamp(0.0, 255.0) as u8;
            }
        }
    }
}

impl Texture {
    /// The colour at a place, between the texels around it, from 0 to 1.
    fn at(&self, u: f32, v: f32) -> [f32; 4] {
        let (x, y) = (u * self.width as f32 - 0.5, v * self.height as f32 - 0.5);
        let (left, top) = (x.floor(), y.floor());
        let (across, down) = (x - left, y - top);
        let texel = |x: f32, y: f32| {
            let x = (x.max(0.0) as usize).min(self.width - 1);
            let y = (y.max(0.0) as usize).min(self.height - 1);
            self.pixels[y * self.width + x].to_array().map(|part| f32::from(part) / 255.0)
        };
        let corners = [
            (texel(left, top), (1.0 - across) * (1.0 - down)),
            (texel(left + 1.0, top), across * (1.0 - down)),
            (texel(left, top + 1.0), (1.0 - across) * down),
            (texel(left + 1.0, top + 1.0), across * down),
        ];
        let mut sum = [0.0; 4];
        for (colour, share) in corners {
            for (sum, part) in sum.iter_mut().zip(colour) {
                *sum += part * share;
            }
        }
        sum
    }
}
