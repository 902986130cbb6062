"""A generator of pictures with exact truth: membranes, tests on a table, cut windows.

Everything is computed in linear light and millimetres: geometry, reflectance, stains, lines, shading,
optics, noise, tone curve, 8 bits. All dice come from the ``numpy.random.Generator`` that is passed.
"""

from reader.simulate.camera import Camera, View, photograph
from reader.simulate.choices import Choices
from reader.simulate.detail import FINE, QUICK, Detail
from reader.simulate.devices import Device, Recess, Section, cassette, strip
from reader.simulate.draws import random_camera, random_device, random_light, random_scene
from reader.simulate.ink import Print
from reader.simulate.kits import assay_bands, assay_outcome, for_assay
from reader.simulate.light import Glare, Light, SecondLight, ShadowEdge
from reader.simulate.lines import LABELS, Band, bands, sandwich_outcome
from reader.simulate.membranes import Membrane, MembranePatch, membrane
from reader.simulate.pictures import simulate, truth_document
from reader.simulate.rendering import render, render_light
from reader.simulate.scenes import Placed, Scene, crop, scene
from reader.simulate.soiling import Mark, Stain
from reader.simulate.table import Background, Decoy, Sheet
from reader.simulate.truth import LineTruth, Picture, StripTruth

__all__ = [
    "FINE",
    "LABELS",
    "QUICK",
    "Background",
    "Band",
    "Camera",
    "Choices",
    "Decoy",
    "Detail",
    "Device",
    "Glare",
    "Light",
    "LineTruth",
    "Mark",
    "Membrane",
    "MembranePatch",
    "Picture",
    "Placed",
    "Print",
    "Recess",
    "Scene",
    "SecondLight",
    "Section",
    "ShadowEdge",
    "Sheet",
    "Stain",
    "StripTruth",
    "View",
    "assay_bands",
    "assay_outcome",
    "bands",
    "cassette",
    "crop",
    "for_assay",
    "membrane",
    "photograph",
    "random_camera",
    "random_device",
    "random_light",
    "random_scene",
    "render",
    "render_light",
    "sandwich_outcome",
    "scene",
    "simulate",
    "strip",
    "truth_document",
]
