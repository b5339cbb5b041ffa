def price(dish):
    return {"kebab": 250, "rice": 80}.get(dish, 100)
