"""A shop of sixteen tools, eight that read and eight that write, over the shop's own database."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from examples.shop.store import Db, get, ids, put, read, write
from tools import failures
from tools.base import Context, tool

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,32}$")]
Variants = Annotated[list[Id], Field(min_length=1, max_length=20)]
CancelReason = Literal["ordered_by_mistake", "no_longer_needed"]
OrderStatus = Literal["pending", "delivered", "cancelled", "return_requested", "exchange_requested"]
SCOPES = ("shop:work",)


class Closed(BaseModel, extra="forbid", frozen=True):
    """Named fields and no others. Amounts are in cents."""


class Address(Closed):
    """Where something is sent; the country in two letters."""

    street: Annotated[str, Field(min_length=1, max_length=100)]
    city: Annotated[str, Field(min_length=1, max_length=60)]
    postal_code: Annotated[str, Field(min_length=1, max_length=12)]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class Customer(Closed):
    """A customer."""

    customer_id: str
    name: str
    email: str
    address: Address
    payments: list[str]
    orders: list[str]


class Order(Closed):
    """An order as it stands."""

    order_id: str
    customer_id: str
    status: str
    items: list[str]
    payment: str
    total: int
    parcel: str | None
    address: Address


class Variant(Closed):
    """One kind of a product."""

    variant_id: str
    what: str
    price: int
    in_stock: int


class Product(Closed):
    """A product and its kinds."""

    product_id: str
    name: str
    variants: list[Variant]


class Found(Closed):
    """Identifiers that were found."""

    ids: list[str]


class Amount(Closed):
    """An amount."""

    cents: int


def product_of(db: Db, variant: str) -> str:
    """The product that a variant is of. Raises NotFound."""
    for product in ids(db, "product"):
        if variant in get(db, "product", product)["variants"]:
            return product
    raise failures.NotFound(f"There is no variant {variant}.")


def total(db: Db, variants: list[str]) -> int:
    """What variants cost together."""
    return sum(get(db, "product", product_of(db, one))["variants"][one][1] for one in variants)


def restock(db: Db, changes: dict[str, int]) -> None:
    """Put back into stock, or take from it where a number is negative. Raises Declined when something is sold out."""
    for variant, number in changes.items():
        product = product_of(db, variant)
        variants = get(db, "product", product)["variants"]
        what, price, left = variants[variant]
        if left + number < 0:
            raise failures.Declined(f"{variant} is sold out.", code="sold_out")
        put(db, "product", product, variants={**variants, variant: (what, price, left + number)})


def order_of(db: Db, name: str) -> Order:
    """An order as it is shown."""
    body = get(db, "order", name)
    address = body.get("address") or get(db, "customer", body["customer"])["address"]
    shown = {key: body[key] for key in ("status", "items", "payment", "parcel")}
    cents = total(db, body["items"])
    return Order(order_id=name, customer_id=body["customer"], total=cents, address=address, **shown)


def customer_of(db: Db, name: str) -> Customer:
    """A customer as they are shown."""
    body = get(db, "customer", name)
    return Customer(customer_id=name, orders=ids(db, "order", customer=name), **body)


def product_as_shown(db: Db, name: str) -> Product:
    """A product as it is shown."""
    body = get(db, "product", name)
    kinds = [Variant(variant_id=k, what=w, price=p, in_stock=n) for k, (w, p, n) in body["variants"].items()]
    return Product(product_id=name, name=body["name"], variants=kinds)


def change(db: Db, name: str, wanted: str, **changes: Any) -> Order:
    """Change an order that has the wanted status. Raises Declined."""
    status = get(db, "order", name)["status"]
    if status != wanted:
        raise failures.Declined(f"Order {name} is {status}, not {wanted}.", code="wrong_status")
    put(db, "order", name, **changes)
    return order_of(db, name)


def swap(db: Db, name: str, wanted: str, out: list[str], new: list[str], **changes: Any) -> Order:
    """Put other kinds of the same products in the place of items. Raises Declined."""
    items = Counter(get(db, "order", name)["items"])
    if Counter(out) - items:
        raise failures.Declined("Not all of these are in the order.", code="not_in_order")
    if new and sorted(product_of(db, one) for one in out) != sorted(product_of(db, one) for one in new):
        raise failures.Declined("Only another kind of the same product can be had.", code="other_product")
    difference = Counter(out)
    difference.subtract(new)
    restock(db, dict(difference))
    return change(db, name, wanted, items=sorted((items - Counter(out) + Counter(new)).elements()), **changes)


def pays(db: Db, name: str, payment: str) -> str:
    """A way of paying that the order's customer has. Raises Declined."""
    if payment not in get(db, "customer", get(db, "order", name)["customer"])["payments"]:
        raise failures.Declined("The customer has no such way of paying.", code="no_such_payment")
    return payment


@tool(kind="lookup", scopes=SCOPES)
async def find_customer_by_email(email: str) -> Found:
    """Find a customer by e-mail address."""
    return read(lambda db: Found(ids=ids(db, "customer", email=email)))


@tool(kind="lookup", scopes=SCOPES)
async def find_customer_by_name(name: str) -> Found:
    """Find customers by their whole name."""
    return read(lambda db: Found(ids=ids(db, "customer", name=name)))


@tool(kind="lookup", scopes=SCOPES)
async def get_shop_customer(customer_id: Id) -> Customer:
    """Look up a customer: addresses, ways of paying, orders."""
    return read(lambda db: customer_of(db, customer_id))


@tool(kind="lookup", scopes=SCOPES)
async def get_order(order_id: Id) -> Order:
    """Look up an order."""
    return read(lambda db: order_of(db, order_id))


@tool(kind="lookup", scopes=SCOPES)
async def list_orders(status: OrderStatus) -> Found:
    """List the orders that have a status."""
    return read(lambda db: Found(ids=ids(db, "order", status=status)))


@tool(kind="lookup", scopes=SCOPES)
async def get_product(product_id: Id) -> Product:
    """Look up a product: its kinds, their prices, how many are left."""
    return read(lambda db: product_as_shown(db, product_id))


@tool(kind="lookup", scopes=SCOPES)
async def list_products() -> Found:
    """List everything the shop sells."""
    return read(lambda db: Found(ids=ids(db, "product")))


@tool(kind="lookup", scopes=SCOPES)
async def add_up_prices(variants: Variants) -> Amount:
    """Add up what variants cost."""
    return read(lambda db: Amount(cents=total(db, variants)))


@tool(kind="transact", effect="transactional", scopes=SCOPES)
async def cancel_order(order_id: Id, cancel_reason: CancelReason, context: Context) -> Order:
    """Cancel an order that was not sent yet; what was in it is for sale again."""

    def work(db: Db) -> Order:
        restock(db, dict(Counter(get(db, "order", order_id)["items"])))
        return change(db, order_id, "pending", status="cancelled", note=cancel_reason)

    return write(context, Order, work)


@tool(kind="transact", effect="transactional", scopes=SCOPES)
async def change_order_address(order_id: Id, address: Address, context: Context) -> Order:
    """Send an order that was not sent yet to another address."""
    return write(context, Order, lambda db: change(db, order_id, "pending", address=address.model_dump()))


@tool(kind="transact", effect="transactional", scopes=SCOPES)
async def change_order_items(order_id: Id, out: Variants, new: Variants, context: Context) -> Order:
    """Change items of an order that was not sent yet for other kinds of the same products."""
    return write(context, Order, lambda db: swap(db, order_id, "pending", out, new))


@tool(kind="transact", effect="transactional", scopes=SCOPES)
async def change_order_payment(order_id: Id, payment: Id, context: Context) -> Order:
    """Pay an order that was not sent yet in another way."""
    return write(context, Order, lambda db: change(db, order_id, "pending", payment=pays(db, order_id, payment)))


@tool(kind="transact", effect="transactional", scopes=SCOPES)
async def change_customer_address(customer_id: Id, address: Address, context: Context) -> Customer:
    """Change where a customer lives."""

    def work(db: Db) -> Customer:
        put(db, "customer", customer_id, address=address.model_dump())
        return customer_of(db, customer_id)

    return write(context, Customer, work)


@tool(kind="transact", effect="transactional", scopes=SCOPES)
async def return_items(order_id: Id, items: Variants, payment: Id, context: Context) -> Order:
    """Take items of a delivered order back and pay for them."""
    changes = {"status": "return_requested"}
    return write(
        context,
        Order,
        lambda db: swap(db, order_id, "delivered", items, [], **changes, refund=pays(db, order_id, payment)),
    )


@tool(kind="transact", effect="transactional", scopes=SCOPES)
async def exchange_items(order_id: Id, out: Variants, new: Variants, context: Context) -> Order:
    """Exchange items of a delivered order for other kinds of the same products."""
    return write(context, Order, lambda db: swap(db, order_id, "delivered", out, new, status="exchange_requested"))


@tool(kind="transact", effect="transactional", scopes=SCOPES)
async def send_again(order_id: Id, context: Context) -> Order:
    """Send a delivered order once more, as it never arrived."""
    return write(context, Order, lambda db: change(db, order_id, "delivered", status="pending", parcel=None))


TOOLS = [
    *(
        find_customer_by_email,
        find_customer_by_name,
        get_shop_customer,
        get_order,
        list_orders,
        get_product,
        list_products,
    ),
    *(add_up_prices, cancel_order, change_order_address, change_order_items, change_order_payment),
    *(change_customer_address, return_items, exchange_items, send_again),
]
