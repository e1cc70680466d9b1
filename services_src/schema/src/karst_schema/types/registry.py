"""All types, found in the modules of `catalog`: whoever adds one adds a file there, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from karst_schema.types import catalog
from karst_schema.types.columns import columns
from karst_schema.types.declaring import BOUND_POINT, SPATIAL_POINT, AnnotationType, DeclarationError

KNOWN_ORDER = (
    *("synapse", "nocleft_synapse", "nocenter_synapse", "fly_synapse", "fly_nt_synapse", "bouton_shape"),
    *("presynaptic_bouton_type", "postsynaptic_compartment", "spine_with_info", "microns_func_coreg"),
    *("microns_func_unit_coreg", "v1dd_func_unit_coreg", "func_unit_ext_coreg", "func_properties_bcm"),
    *("simple_reference", "reference_tag", "cell_type_local", "cell_type_reference", "cell_type_reference_user"),
    *("nucleus_detection", "bound_tag", "bound_double_tag", "bound_2tag", "bound_tag_user", "bound_double_tag_user"),
    *("bound_2tag_user", "extended_classical_cell_type", "plastic_synapse", "glia_contact", "contact"),
    *("derived_spatial_point", "derived_tag", "derived_numeric_value", "proofread_status"),
    *("compartment_proofread_status", "proofreading_boolstatus_user", "fly_neuropil", "reference_point"),
    *("representative_point", "reference_synapse_valid", "reference_simple_group"),
    *("reference_simple_group_indexed", "fly_cell_type", "fly_cell_type_ext", "braincircuits_annotation_user"),
    *("bound_tag_bool", "bound_tag_bool_valid", "bound_tag_valid", "pt_bool_valid", "reference_integer"),
    *("reference_tag_float", "compartment_proofread_status_strategy", "reference_tag_with_confidence"),
    *("digital_twin_properties", "cell_match", "cell_similarity", "cell_match_reference"),
)
"""The order in which clients have always seen the oldest types; others follow by name."""


@cache
def annotation_types() -> Mapping[str, AnnotationType]:
    """Every type by its name, in the order in which clients see them. Raises `DeclarationError`."""
    found: dict[str, AnnotationType] = {}
    class_names = {SPATIAL_POINT.class_name, BOUND_POINT.class_name}
    for each in _declared():
        if each.name in found or each.class_name in class_names:
            raise DeclarationError(f"{each.name} ({each.class_name}): another type has this name. Choose another one")
        columns(each)
        found[each.name] = each
        class_names.add(each.class_name)
    places = {name: place for place, name in enumerate(KNOWN_ORDER)}
    ordered = sorted(found, key=lambda name: (places.get(name, len(places)), name))
    return MappingProxyType({name: found[name] for name in ordered})


def _declared() -> Iterator[AnnotationType]:
    for module in iter_modules(catalog.__path__, f"{catalog.__name__}."):
        types = getattr(import_module(module.name), "TYPES", None)
        if not isinstance(types, tuple) or not all(isinstance(each, AnnotationType) for each in types):
            raise DeclarationError(f"{module.name}: write its types into TYPES = (AnnotationType(...),)")
        yield from types
