"""The XMP packet of a picture: the IPTC label of generated media, and our record where a format has no better place."""

from __future__ import annotations

from xml.sax.saxutils import escape

from defusedxml.ElementTree import fromstring

from knowledge.picture import Provenance

ATELIER = "urn:atelier:record:1/"
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    ' xmlns:atelier="{namespace}">'
    "<Iptc4xmpExt:DigitalSourceType>{source_type}</Iptc4xmpExt:DigitalSourceType>{record}"
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
NOT_XML = str.maketrans({"\ufffe": "\\ufffe", "\uffff": "\\uffff"})
"""The only characters of a JSON text that XML forbids, and their JSON escapes."""


def packet(provenance: Provenance, *, with_record: bool) -> bytes:
    """UTF-8. A picture made from another is labelled composite, one made from words alone is not."""
    composite = provenance.recipe.init_image_id is not None
    record = escape(provenance.canonical().translate(NOT_XML)) if with_record else ""
    return PACKET.format(
        namespace=ATELIER,
        source_type=SOURCE_TYPES + ("compositeWithTrainedAlgorithmicMedia" if composite else "trainedAlgorithmicMedia"),
        record=f"<atelier:record>{record}</atelier:record>" if with_record else "",
    ).encode()


def record_in(xmp: bytes) -> str | None:
    """Our record in a packet, as an element or, after another tool rewrote it, an attribute. Raises `ValueError`,
    or `SyntaxError` for a packet that is no XML."""
    if ATELIER.encode() not in xmp:
        return None
    name = f"{{{ATELIER}}}record"
    for element in fromstring(xmp.strip(b"\0")).iter():
        if record := element.text if element.tag == name else element.get(name):
            return record
    return None
